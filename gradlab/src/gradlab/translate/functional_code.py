"""Networks that are no chain as functional models of Keras: a statement for each call of a layer."""

import builtins
import json
import keyword
import re
from collections.abc import Iterator, Mapping, Sequence

from gradlab.spec.graph import INPUT
from gradlab.spec.network import NamedLayer
from gradlab.translate.keras_code import layer_code
from gradlab.vocabulary.layers import Shape
from gradlab.vocabulary.layers.attention import Heads
from gradlab.vocabulary.layers.blocks import Residual
from gradlab.vocabulary.layers.merging import MergingAttention

# Names in a program that are no layer's: of modules, of the samples, and of Python.
RESERVED = (
    "keras", "np", "model", "load_file", "given", "name", "tensors", "x", "y", "x_val", "y_val", "sample_weight",
    "sample_weight_val", "classes", "class_weight", *keyword.kwlist, *keyword.softkwlist, *dir(builtins),
)  # fmt: skip


def functional_code(
    inputs: Mapping[str, Shape], layers: Sequence[NamedLayer], outputs: Mapping[str, str], named: Mapping[str, str]
) -> Iterator[str]:
    """Yield the statements that make the functional model ``model``, one for each call of a layer.

    Args:
        inputs: the shape of each input by its name, without the batch axis.
        layers: all layers in the order of the forward pass.
        outputs: the name of the layer that makes each output, by the output's name.
        named: the names in Keras of those layers that have one, by their names in the spec.
    """
    taken = {*RESERVED}
    variables = {name: _variable("inputs" if name == INPUT else name, taken) for name in inputs}
    shared = {layer.shares for layer in layers if layer.shares}
    makers = {name: _variable(f"{name}_layer", taken) for name in sorted(shared)}
    for name, shape in inputs.items():
        keras_name = name if len(inputs) > 1 else variables[name]
        yield f"{variables[name]} = keras.Input({shape}, name={json.dumps(keras_name, ensure_ascii=False)})"
    for layer in layers:
        made = made_layer(layer, named.get(layer.name))
        if layer.name in shared:
            yield f"{makers[layer.name]} = {made}"
        maker = makers.get(layer.shares or layer.name, made)
        variables[layer.name] = _variable(layer.name, taken)
        yield f"{variables[layer.name]} = {maker}({_arguments(layer, [variables[each] for each in layer.inputs])})"
    ends = {name: variables[layer] for name, layer in outputs.items()}
    for name in ends.keys() - named.values() if len(outputs) > 1 else ():
        # Keras names an output by its layer: one that makes several is followed by a layer of another name.
        variable = _variable(name, taken)
        yield f"{variable} = Identity(name={json.dumps(name, ensure_ascii=False)})({ends[name]})"
        ends[name] = variable
    listed = [[variables[name] for name in inputs], [*ends.values()]]
    written = [f"[{', '.join(part)}]" if len(part) > 1 else part[0] for part in listed]
    yield f"model = keras.Model({written[0]}, {written[1]})"


def keras_names(layers: Sequence[NamedLayer], outputs: Mapping[str, str], *, is_named: bool = False) -> dict[str, str]:
    """Return the names in Keras that layers are given, by their names in the spec.

    Args:
        layers: all layers in the order of the forward pass.
        outputs: the name of the layer that makes each output, by the output's name. A layer that makes one of several,
            and nothing else with the same weights, has the output's name.
        is_named: True to give all other layers a name as well, that of the spec.
    """
    own = {layer.name: layer.name for layer in layers if is_named and not layer.shares}
    return own | _output_names(layers, outputs)


def _output_names(layers: Sequence[NamedLayer], outputs: Mapping[str, str]) -> dict[str, str]:
    if len(outputs) == 1:
        return {}
    several = {layer.shares for layer in layers if layer.shares}
    alone = {layer.name for layer in layers if not layer.shares and layer.name not in several}
    names: dict[str, str] = {}
    for name, layer in outputs.items():
        if layer in alone:
            names.setdefault(layer, name)
    return names


def made_layer(layer: NamedLayer, name: str | None) -> str:
    """Return the call that makes a layer, with a name in Keras if there is one."""
    code = "Add()" if isinstance(layer.spec, Residual) else layer_code(layer.spec)
    if name is None:
        return code
    return f"{code[:-1]}{'' if code.endswith('()') else ', '}name={json.dumps(name, ensure_ascii=False)})"


def _arguments(layer: NamedLayer, sources: list[str]) -> str:
    """Return the arguments of a layer's call."""
    if isinstance(layer.spec, Residual):
        skip, inside = sources
        scaled = inside if layer.spec.scale == 1 else f"{layer.spec.scale!r} * {inside}"
        return f"[{skip}, {scaled}]"
    causal = ", use_causal_mask=True" if getattr(layer.spec, "causal", False) else ""
    if isinstance(layer.spec, Heads):
        return ", ".join(sources * 2 if len(sources) == 1 else sources) + causal
    if isinstance(layer.spec, MergingAttention):
        return f"[{', '.join(sources)}]{causal}"
    return sources[0] if len(sources) == 1 else f"[{', '.join(sources)}]"


def _variable(name: str, taken: set[str]) -> str:
    """Return a name for a variable, which is then taken."""
    cleaned = re.sub(r"\W", "_", name).lower()
    cleaned = f"layer_{cleaned}" if cleaned[:1].isdigit() or not cleaned else cleaned
    candidate, count = cleaned, 1
    while candidate in taken:
        count += 1
        candidate = f"{cleaned}_{count}"
    taken.add(candidate)
    return candidate
