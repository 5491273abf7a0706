"""Fragments of PyTorch code, one for each change."""

from collections.abc import Iterator, Mapping
from typing import Any

from gradlab.spec import ExternalSpec
from gradlab.spec.external_layer import ExternalLayer
from gradlab.translate.keras_lines import LOSS, OPTIMIZER, heading, scaling
from gradlab.translate.rewritten import Piece
from gradlab.translate.torch_code import (
    activation_code,
    batch_norm_code,
    clipping_code,
    for_each,
    initializer_code,
    inputs_of,
    layer_code,
    loss_code,
    optimizer_code,
    tensors_of,
)
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.convolution import Convolution
from gradlab.vocabulary.layers.dense import ActivationLayer
from gradlab.vocabulary.layers.normalization import BatchNormalization, LayerNormalization
from gradlab.vocabulary.regularizers import L2

# The role of the tensor that a field of a layer draws or penalises.
ROLES = {
    "kernel_initializer": "kernel",
    "recurrent_initializer": "recurrent_kernel",
    "bias_initializer": "bias",
    "kernel_regularizer": "kernel",
    "recurrent_regularizer": "recurrent_kernel",
    "bias_regularizer": "bias",
}
CELLS = ("simple_rnn", "gru", "lstm")  # their activation is a part of the module


def of_pieces(external: ExternalSpec, changed_layers: list[Piece]) -> list[str]:
    """Return the fragments for the changes of layers: initialisers and penalties as statements, the rest as modules."""
    layers = {layer.name: layer for layer in external.layers}
    tensors: dict[str, list[str]] = {}
    for piece in changed_layers:
        for statement, named in _statements(layers[piece.layer], piece):
            tensors.setdefault(statement, []).extend(named)
    blocks = [for_each(statement, named) for statement, named in tensors.items() if named]
    modules: dict[tuple[str, tuple[str, ...]], list[str]] = {}  # where and what -> layers
    for piece in changed_layers:
        if made := tuple(_modules(layers[piece.layer], piece)):
            modules.setdefault((_where(piece), made), []).append(piece.layer)
    for name, remade in _widened(external, changed_layers):
        modules.setdefault(("", remade), []).append(name)
    return blocks + ["\n".join([f"# {where}{heading(names)}", *made]) for (where, made), names in modules.items()]


def _widened(external: ExternalSpec, changed_layers: list[Piece]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield layers that must be made anew, with their modules, because the layer before them has another width."""
    changed = {piece.layer: piece for piece in changed_layers}
    width: int | None = None  # of what arrives, where it is another one
    for layer in external.layers:
        piece = changed.get(layer.name)
        if piece is None and width is not None and layer.parameters and layer.configuration is not None:
            yield layer.name, tuple(_remade(layer, layer.configuration, width))
        if piece is not None:
            width = next((_width(each) for each in piece.after if {"units", "filters"} & {*piece.fields}), None)
        elif any(tensor.role in ("kernel", "recurrent_kernel") for tensor in layer.tensors):
            width = None


def _remade(layer: ExternalLayer, own: LayerSpec, width: int) -> Iterator[str]:
    """Yield the modules of a layer that takes another width."""
    if own.kind in CELLS:
        yield f"{layer_code(own, width, None)},"
        return
    if isinstance(own, BatchNormalization | LayerNormalization) and layer.output_axes:
        layer = layer.model_copy(update={"output_shape": (*layer.output_axes[:-1], width)})
    yield from _module(layer, own, hidden=False)


def _width(layer: LayerSpec) -> int | None:
    return getattr(layer, "units", None) or getattr(layer, "filters", None)


def of_training(external: ExternalSpec, after: Mapping[str, Any]) -> list[str]:
    """Return a fragment for each change of training and data."""
    blocks = []
    if "optimizer" in after:
        optimizer = OPTIMIZER.validate_python(after["optimizer"])
        before = external.optimizer
        if before is None or optimizer.unclipped != before.unclipped:
            code = optimizer_code(optimizer)
            blocks += [f"optimizer = {code}"] if code else []
        if (clipping := clipping_code(optimizer)) and (before is None or clipping != clipping_code(before)):
            blocks.append(f"# between loss.backward() and optimizer.step()\n{clipping}")
    if "loss" in after and (loss := loss_code(LOSS.validate_python(after["loss"]))):
        code, of_logits = loss
        blocks.append(f"loss_function = {code}" + ("  # of logits: no activation at the output" if of_logits else ""))
    if "batch_size" in after:
        blocks.append(f"loader = DataLoader(dataset, batch_size={after['batch_size']}, shuffle=True)")
    if "epochs" in after:
        blocks.append(f"epochs = {after['epochs']}")
    if stopping := after.get("early_stopping"):
        blocks.append(f"# end the loop after {stopping['patience']} epochs without a lower {stopping['monitor']}")
    return blocks + scaling(after)


def _statements(layer: ExternalLayer, piece: Piece) -> Iterator[tuple[str, list[str]]]:
    """Yield the statements about a layer's tensors, with ``{}`` for a tensor, and these tensors."""
    changed = next((each for each in piece.after if type(each) is type(piece.before)), None)
    for field, role in ROLES.items():
        if changed is None or not {field, f"layer.{field}"} & {*piece.fields}:
            continue
        value = getattr(getattr(changed, "layer", changed), field)
        if isinstance(value, L2):
            statement: str | None = f"loss = loss + {value.l2!r} * {{}}.square().sum()  # before loss.backward()"
        else:
            statement = initializer_code(value) if field.endswith("initializer") else None
        if statement:
            yield statement, tensors_of(layer, role)


def _where(piece: Piece) -> str:
    """Return how the modules of a fragment stand to the layer that its comment names."""
    if piece.around is not None:
        return "around "
    return "behind " if piece.after and _keeps_module(piece) else ""


def _keeps_module(piece: Piece) -> bool:
    """True if the layer's own module stays as it is: its activation is another one."""
    first = piece.after[0]
    if isinstance(first, ActivationLayer) and piece.fields:
        return False
    return type(first) is type(piece.before) and not {*piece.fields} - {*ROLES, "activation"}


def _modules(layer: ExternalLayer, piece: Piece) -> Iterator[str]:
    """Yield the modules that take a layer's place, or stand behind it, if there are other ones than before."""
    if piece.around is not None:
        factor = "" if piece.around == 1 else f"{piece.around!r} * "
        yield f"x = x + {factor}block(x)  # up to and with its activation"
        return
    if not piece.after:
        yield "# is left out"
        return
    keeps = _keeps_module(piece)
    if keeps and len(piece.after) == 1 and "activation" not in piece.fields:
        return
    for place, each in enumerate(piece.after):
        yield from _module(layer, each, hidden=keeps and place == 0)


def _has_channels_first(layer: ExternalLayer) -> bool:
    """True for outputs with positions behind the channels, of which PyTorch's `LayerNorm` would normalise the last."""
    own, axes = layer.configuration, layer.output_axes
    return isinstance(own, Convolution | BatchNormalization) and axes is not None and len(axes) > 1


def _module(layer: ExternalLayer, each: LayerSpec, *, hidden: bool) -> Iterator[str]:
    axes = layer.output_axes
    channels = axes[-1] if axes else layer.units
    code: str | None
    if isinstance(each, BatchNormalization) and channels and axes:
        code = batch_norm_code(channels, len(axes))
    elif isinstance(each, LayerNormalization) and channels and axes and _has_channels_first(layer):
        yield f"nn.GroupNorm(1, {channels}),  # over channels and positions"
        code = None
    else:
        code = layer_code(each, inputs_of(layer) if each.kind in CELLS else None, channels)
    if code and not hidden:
        yield f"{code},"
    own = None if each.kind in ("activation", *CELLS) else each.function
    if own is not None and own.kind != "linear" and (activation := activation_code(own)):
        yield f"{activation},"
