"""Hidden layers of a network with their places, and a rewrite of all of them by one function.

The output layer is the last one that has weights of its own, norms excepted. All layers before it are hidden. The
output layer and the layers behind it stay as they are.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from gradlab.errors import Invalid, Problem
from gradlab.spec import ExperimentSpec, NamedLayer
from gradlab.spec.graph import GraphSpec
from gradlab.vocabulary.activations import ActivationFunction, Linear
from gradlab.vocabulary.layers import LayerSpec, Shape
from gradlab.vocabulary.layers.attention import Embedding
from gradlab.vocabulary.layers.recurrent import Bidirectional, Recurrent
from gradlab.vocabulary.layers.weighted import WeightedLayer

WITH_WEIGHTS = (WeightedLayer, Bidirectional, Embedding)

Layers = tuple[LayerSpec, ...]


@dataclass(frozen=True)
class Place:
    """One layer at its place in a network, with repeats written out.

    Attributes:
        layer: the layer, with a `repeat` of 1.
        name: the layer's name as a reader counts it, ``dense_1``.
        input_shape: the shape of its input, without the batch axis.
        output_shape: the shape of its output, without the batch axis.
        activation: the activation between the layer and the next weights: its own, for a recurrent layer that of its
            state, or that of an activation layer behind it; linear where there is none.
        hidden: True before the output layer.
    """

    layer: LayerSpec
    name: str
    input_shape: Shape
    output_shape: Shape
    activation: Any
    hidden: bool


# A function from a hidden layer to the layers that replace it: one, several or none.
Rewrite = Callable[[Place], Sequence[LayerSpec]]


def places(spec: ExperimentSpec) -> tuple[Place, ...]:
    """Return all layers in the order in which samples pass them: inner layers before their block."""
    backwards, hidden = [], False
    ahead: ActivationFunction = Linear()
    for named in reversed(spec.layers):
        layer = named.spec
        cell = recurrent(layer)
        own = cell.activation if cell else layer.function
        if own is not None and own != Linear():
            ahead = own
        backwards.append(Place(_one(layer), named.name, named.input_shape, named.output_shape, ahead, hidden))
        if isinstance(layer, WITH_WEIGHTS):
            hidden, ahead = True, Linear()
    return tuple(reversed(backwards))


def hidden_places(spec: ExperimentSpec) -> tuple[Place, ...]:
    """Return the hidden layers with weights, without norms and embeddings."""
    return tuple(
        place for place in places(spec) if place.hidden and isinstance(place.layer, WeightedLayer | Bidirectional)
    )


@dataclass(frozen=True)
class HiddenStage:
    """A layer with weights, or a block that holds some, with the layers behind it up to the next one with weights.

    These are its norm, its activation, dropout and pooling.

    Attributes:
        places: the layers, first to last; a block without its inner layers.
    """

    places: tuple[Place, ...]

    @property
    def output_shape(self) -> Shape:
        """The shape of the last layer's output, without the batch axis."""
        return self.places[-1].output_shape

    @property
    def keeps_shape(self) -> bool:
        """True if input and output have one shape."""
        return self.places[0].input_shape == self.output_shape


def hidden_stages(spec: ExperimentSpec) -> tuple[HiddenStage, ...]:
    """Return the hidden stages outside of blocks, without the one that holds the output layer."""
    by_name = {place.name: place for place in places(spec)}
    stages: list[list[Place]] = []
    for named in spec.network:
        if has_weights(named.spec):
            stages.append([])
        if stages:
            stages[-1].append(by_name[named.name])
    return tuple(HiddenStage(tuple(stage)) for stage in stages[:-1])


def split_output(layers: Layers) -> tuple[Layers, LayerSpec, Layers]:
    """Return the layers before the output layer, the output layer or the block that holds it, and the layers behind."""
    last = max((place for place, layer in enumerate(layers) if has_weights(layer)), default=len(layers) - 1)
    output, count = _one(layers[last]), layers[last].repeat
    repeated = (output.model_copy(update={"repeat": count - 1}),) if count > 1 else ()
    return (*layers[:last], *repeated), output, layers[last + 1 :]


def has_weights(layer: LayerSpec) -> bool:
    """True if the layer or one of its inner layers has weights, norms excepted."""
    return isinstance(layer, WITH_WEIGHTS) or any(map(has_weights, layer.inner))


def chain_of(spec: ExperimentSpec) -> Layers:
    """Return the layers of a network that is a chain. Raises Invalid for a graph."""
    if isinstance(spec.model, GraphSpec):
        raise Invalid(Problem("model", "a chain of layers", "a graph"))
    return spec.model.layers


def rewritten(spec: ExperimentSpec, change: Rewrite) -> Layers:
    """Return the network's layers with each hidden one replaced by the layers that `change` returns for it.

    Inner layers are replaced before their block. Equal neighbours that were written as a repeat become one again, if
    each was replaced by one layer.
    """
    return _rewritten(chain_of(spec), spec.network, {place.name: place for place in places(spec)}, change)


def _rewritten(layers: Layers, network: Sequence[NamedLayer], by_name: dict[str, Place], change: Rewrite) -> Layers:
    named = iter(network)
    result: list[LayerSpec] = []
    for layer in layers:
        replaced = [_replaced(next(named), by_name, change) for _ in range(layer.repeat)]
        result.extend(_with_repeats(replaced))
    return tuple(result)


def _replaced(named: NamedLayer, by_name: dict[str, Place], change: Rewrite) -> Layers:
    place = by_name[named.name]
    if named.inner:
        inner = _rewritten(named.spec.inner, named.inner, by_name, change)
        place = replace(place, layer=place.layer.model_copy(update={"layers": inner}))
    return tuple(change(place)) if place.hidden else (place.layer,)


def _with_repeats(replaced: Sequence[Layers]) -> Iterator[LayerSpec]:
    for layers, equal in groupby(replaced):
        count = len(list(equal))
        if len(layers) == 1:
            yield layers[0].model_copy(update={"repeat": count * layers[0].repeat})
        else:
            yield from layers * count


def _one(layer: LayerSpec) -> LayerSpec:
    return layer.model_copy(update={"repeat": 1})


def weighted(layer: LayerSpec) -> WeightedLayer | None:
    """Return the layer with kernels: `layer` itself or the inner layer of a bidirectional one; None without kernels."""
    inside = layer.layer if isinstance(layer, Bidirectional) else layer
    return inside if isinstance(inside, WeightedLayer) else None


def recurrent(layer: LayerSpec) -> Recurrent | None:
    """Return the recurrent layer: `layer` itself or the inner layer of a bidirectional one; None for other layers."""
    inside = weighted(layer)
    return inside if isinstance(inside, Recurrent) else None


def with_weighted(layer: LayerSpec, changed: WeightedLayer) -> LayerSpec:
    """Return `layer` with `changed` in place of the layer that `weighted` returns."""
    return layer.model_copy(update={"layer": changed}) if isinstance(layer, Bidirectional) else changed
