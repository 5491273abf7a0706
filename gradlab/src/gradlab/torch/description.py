"""ExternalSpec of a PyTorch training: its layers and optimiser in the service's vocabulary, where it can be said so."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from gradlab.spec.external import ExternalLayer, ExternalParameter
from gradlab.torch.configuration import FORGET_GATE, configuration_of, forget_bias_is_1
from gradlab.torch.initial import MAX_ENTRIES, distribution, few_entries
from gradlab.torch.naming import NORMALIZATIONS, NamedParameter, describe_shared, frozen_paths, is_channels_first
from gradlab.torch.trace import WITH_ACTIVATION, TracedLayer
from gradlab.vocabulary.initializers import WeightInitializer

Axes = tuple[int, ...] | None


def describe_layers(
    model: nn.Module, layers: Sequence[TracedLayer], parameters: Sequence[NamedParameter]
) -> tuple[ExternalLayer, ...]:
    """Return the layers of a model for an `ExternalSpec`.

    They are in the order in which they began to run. One that owns tensors and does not run, as the output projection
    of an attention, follows the one whose path it continues.
    """
    owned: dict[str, list[NamedParameter]] = {}
    for each in parameters:
        owned.setdefault(each.layer, []).append(each)
    described = [_described(layer, owned.pop(layer.name, [])) for layer in layers]
    described = [_last_state(each, described) for each in described]
    modules = dict(model.named_modules())
    for name, own in owned.items():
        place = _place_after(name, [each.name for each in described])
        described.insert(place, _unrun(name, modules.get(name, model), own))
    return tuple(described)


def initial_distributions(module: nn.Module | None, own: Sequence[NamedParameter]) -> dict[str, WeightInitializer]:
    """Return the distributions of a layer's tensors by name, as far as their entries show them.

    A bias of an LSTM whose forget gates begin with 1 has the distribution of the other gates.
    """
    distributions = {}
    for each in own:
        value = each.value.detach()
        if each.role == "bias" and forget_bias_is_1(module):
            value = torch.cat([part for gate, part in enumerate(value.chunk(4)) if gate != FORGET_GATE])
        few = value if value.numel() <= MAX_ENTRIES else value.reshape(-1)[:: -(-value.numel() // MAX_ENTRIES)]
        entries = few.float().cpu().numpy()
        initializer = few_entries(entries, module) or distribution(entries)
        if initializer is not None:
            distributions[each.name] = initializer
    return distributions


def _described(layer: TracedLayer, own: Sequence[NamedParameter]) -> ExternalLayer:
    initializers = initial_distributions(layer.module, own)
    is_complete = len(initializers) == len(own)
    configuration = configuration_of(layer, initializers) if is_complete else None
    is_measured = layer.z is not None
    output = _without_batch(layer.output_shape, layer)
    return ExternalLayer(
        name=layer.name,
        class_name=type(layer.module).__name__ if layer.module is not None else str(layer.function),
        # Every layer with a known shape and no configuration would have activations.
        output_shape=output if is_measured or configuration is not None else None,
        activation=_activation_name(layer),
        normalized_values=_normalized_values(layer),
        parameters=_parameters(own),
        configuration=configuration,
        inbound=layer.inbound,
        input_shape=_without_batch(layer.input_shape, layer),
        units=output[-1] if output and is_measured else None,
        initializers=initializers,
    )


def _last_state(layer: ExternalLayer, layers: Sequence[ExternalLayer]) -> ExternalLayer:
    """Return a recurrent layer as one of its last state alone, if the layers behind it take no sequence."""
    own: Any = layer.configuration
    cell = getattr(own, "layer", own)
    takers = [each for each in layers if each.inbound and layer.name in each.inbound]
    if not getattr(cell, "return_sequences", False) or not takers:
        return layer
    if not all(each.input_shape is not None and len(each.input_shape) == 1 for each in takers):
        return layer
    last = cell.model_copy(update={"return_sequences": False})
    return layer.model_copy(update={"configuration": last if cell is own else own.model_copy(update={"layer": last})})


def _unrun(name: str, module: nn.Module, own: Sequence[NamedParameter]) -> ExternalLayer:
    return ExternalLayer(
        name=name,
        class_name=type(module).__name__,
        parameters=_parameters(own),
        initializers=initial_distributions(module, own),
    )


def _parameters(own: Sequence[NamedParameter]) -> tuple[ExternalParameter, ...]:
    return tuple(ExternalParameter(name=each.name, shape=each.shape, role=each.role) for each in own)


def _place_after(name: str, names: Sequence[str]) -> int:
    """Return the place after the last layer whose path shares the longest beginning with `name`."""
    parts = name.split(".")

    def common(other: str) -> int:
        pairs = zip(parts, other.split("."), strict=False)
        return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(parts), len(other.split("."))))

    best = max((common(each) for each in names), default=0)
    places = [place for place, each in enumerate(names) if common(each) == best]
    return places[-1] + 1 if places and best else 0


def _activation_name(layer: TracedLayer) -> str | None:
    if isinstance(layer.module, nn.RNNBase):
        return getattr(layer.module, "nonlinearity", "tanh")
    if layer.function is None and isinstance(layer.module, WITH_ACTIVATION):
        return "linear"
    return layer.function if layer.activation is None else layer.activation.kind


def _without_batch(shape: Axes, layer: TracedLayer) -> Axes:
    """Return a shape without the batch axis, channels last."""
    if shape is None or not shape:
        return None
    if isinstance(layer.module, nn.RNNBase) and layer.input_shape == shape and not layer.module.batch_first:
        return (shape[0], *shape[2:])  # (time, batch, features)
    if len(shape) > 2 and (layer.channels_first or is_channels_first(layer.module)):
        return (*shape[2:], shape[1])
    return shape[1:]


def _normalized_values(layer: TracedLayer) -> int | None:
    """Return the number of a sample's values that share one mean in a normalisation; None for other layers."""
    module, shape = layer.module, _without_batch(layer.input_shape, layer)
    if not isinstance(module, NORMALIZATIONS) or not shape:
        return None
    if isinstance(module, nn.GroupNorm):
        return max(1, math.prod(shape) // module.num_groups)
    if isinstance(module, nn.modules.batchnorm._NormBase):
        return math.prod(shape[:-1])
    return math.prod(module.normalized_shape)


def output_is(layers: Sequence[TracedLayer]) -> str | None:
    """Return ``probabilities`` behind a sigmoid or a softmax, else ``logits``; None if no layer is known."""
    last = next((each for each in reversed(layers) if each.z is not None), None)
    if last is None:
        return None
    return "probabilities" if last.function in ("softmax", "sigmoid") else "logits"


def learning_rates(optimizers: Sequence[torch.optim.Optimizer]) -> dict[str, Any]:
    """Return the rate of each parameter group: ``learning_rate``, ``learning_rate_2`` ...; a number or a tensor."""
    rates = [group["lr"] for each in optimizers for group in each.param_groups if "lr" in group]
    return {"learning_rate" if not place else f"learning_rate_{place + 1}": rate for place, rate in enumerate(rates)}


def planned_records(epochs: int, every: int | None, steps: int | None) -> int | None:
    """Return the number of records of so many epochs; None if it is unknown.

    Args:
        epochs: the epochs that follow.
        every: steps of the optimiser in a record; None for epochs.
        steps: steps of an epoch; None if unknown.
    """
    if every is None:
        return epochs
    return None if steps is None else max(1, epochs * steps // every)


def describe_tensors(
    model: nn.Module, optimizers: Sequence[torch.optim.Optimizer], parameters: Sequence[NamedParameter]
) -> list[str]:
    """Return one sentence for each tensor that is shared or frozen, and for each of several parameter groups."""
    frozen = [f"{path} is frozen: it is not measured" for path in frozen_paths(model)]
    return [*describe_shared(parameters), *describe_groups(optimizers, parameters), *frozen]


def describe_groups(optimizers: Sequence[torch.optim.Optimizer], parameters: Sequence[NamedParameter]) -> list[str]:
    """Return one sentence for each parameter group, if there are several."""
    names = {id(each.value): each.path for each in parameters}
    groups = [group for each in optimizers for group in each.param_groups]
    rates: Mapping[str, Any] = learning_rates(optimizers)
    sentences = []
    for rate, group in zip(rates, groups, strict=False):
        first = next((names[id(value)] for value in group["params"] if id(value) in names), "a frozen one")
        sentences.append(f"{rate} is the rate of {len(group['params'])} tensors, from {first} on")
    return sentences if len(groups) > 1 else []
