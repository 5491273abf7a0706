"""A network's hidden layers, each where it stands, and how all of them are changed with one function.

Hidden are all layers before the output layer: the last one that has weights of its own, norms apart. It, and what
stands behind it, stays as it is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from gradlab.spec import ExperimentSpec, NamedLayer
from gradlab.vocabulary.activations import ActivationFunction, Linear
from gradlab.vocabulary.layers import LayerSpec, Shape
from gradlab.vocabulary.layers.attention import Embedding
from gradlab.vocabulary.layers.recurrent import Bidirectional, Recurrent
from gradlab.vocabulary.layers.weighted import WeightedLayer

WITH_WEIGHTS = (WeightedLayer, Bidirectional, Embedding)

Layers = tuple[LayerSpec, ...]


@dataclass(frozen=True)
class Place:
    """One layer where it stands in a network, repeats written out.

    Attributes:
        layer: the layer, its `repeat` 1.
        name: as a reader counts it, ``dense_1``.
        input_shape: what goes in, without the batch axis.
        output_shape: what comes out, without the batch axis.
        activation: what its outputs go through before they meet the next weights: its own activation, of a recurrent
            layer that of what it remembers, or that of an activation layer behind it; linear where there is none.
        hidden: it stands before the output layer.
    """

    layer: LayerSpec
    name: str
    input_shape: Shape
    output_shape: Shape
    activation: Any
    hidden: bool


Change = Callable[[Place], Sequence[LayerSpec]]


def places(spec: ExperimentSpec) -> tuple[Place, ...]:
    """All layers in the order in which samples pass them: those inside a block before the block."""
    found, hidden = [], False
    ahead: ActivationFunction = Linear()
    for named in reversed(spec.layers):
        layer = named.spec
        cell = recurrent(layer)
        own = cell.activation if cell else layer.function
        if own is not None and own != Linear():
            ahead = own
        found.append(Place(_one(layer), named.name, named.input_shape, named.output_shape, ahead, hidden))
        if isinstance(layer, WITH_WEIGHTS):
            hidden, ahead = True, Linear()
    return tuple(reversed(found))


def hidden_places(spec: ExperimentSpec) -> tuple[Place, ...]:
    """The hidden layers that have weights, norms and embeddings apart."""
    return tuple(
        place for place in places(spec) if place.hidden and isinstance(place.layer, WeightedLayer | Bidirectional)
    )


@dataclass(frozen=True)
class Stage:
    """A layer with weights, or a block that holds some, and what stands behind it up to the next such layer: its norm,
    its activation, dropout, pooling.

    Attributes:
        places: the layers, first to last; of a block the block alone.
    """

    places: tuple[Place, ...]

    @property
    def output_shape(self) -> Shape:
        """What comes out of its last layer."""
        return self.places[-1].output_shape

    @property
    def keeps_shape(self) -> bool:
        """Whether it gives back the shape it gets."""
        return self.places[0].input_shape == self.output_shape


def hidden_stages(spec: ExperimentSpec) -> tuple[Stage, ...]:
    """The hidden stages that are in no block, without the one that the output layer begins or is inside."""
    found = {place.name: place for place in places(spec)}
    stages: list[list[Place]] = []
    for named in spec.network:
        if has_weights(named.spec):
            stages.append([])
        if stages:
            stages[-1].append(found[named.name])
    return tuple(Stage(tuple(stage)) for stage in stages[:-1])


def split_output(layers: Layers) -> tuple[Layers, LayerSpec, Layers]:
    """What stands before the output layer, the layer itself, or the block that holds it, and what stands behind it."""
    last = max((place for place, layer in enumerate(layers) if has_weights(layer)), default=len(layers) - 1)
    output, count = _one(layers[last]), layers[last].repeat
    repeated = (output.model_copy(update={"repeat": count - 1}),) if count > 1 else ()
    return (*layers[:last], *repeated), output, layers[last + 1 :]


def has_weights(layer: LayerSpec) -> bool:
    """Whether it, or a layer inside it, has weights, norms apart."""
    return isinstance(layer, WITH_WEIGHTS) or any(map(has_weights, layer.inner))


def rewritten(spec: ExperimentSpec, change: Change) -> Layers:
    """The network's layers with each hidden one replaced by what `change` makes of it: one, several, or none.

    Of a block, the layers inside are changed first, then the block that holds them. Equal neighbours that were
    written as a repeat are one again, where one layer has become one layer.
    """
    return _rewritten(spec.model.layers, spec.network, {place.name: place for place in places(spec)}, change)


def _rewritten(layers: Layers, network: Sequence[NamedLayer], found: dict[str, Place], change: Change) -> Layers:
    named = iter(network)
    result: list[LayerSpec] = []
    for layer in layers:
        replaced = [_replaced(next(named), found, change) for _ in range(layer.repeat)]
        result.extend(_with_repeats(replaced))
    return tuple(result)


def _replaced(named: NamedLayer, found: dict[str, Place], change: Change) -> Layers:
    place = found[named.name]
    if named.inner:
        inner = _rewritten(named.spec.inner, named.inner, found, change)
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
    """The layer with kernels that `layer` is, or reads both ways with; None where it has none."""
    inside = layer.layer if isinstance(layer, Bidirectional) else layer
    return inside if isinstance(inside, WeightedLayer) else None


def recurrent(layer: LayerSpec) -> Recurrent | None:
    """The recurrent layer that `layer` is, or reads both ways with; None where it is neither."""
    inside = weighted(layer)
    return inside if isinstance(inside, Recurrent) else None


def with_weighted(layer: LayerSpec, changed: WeightedLayer) -> LayerSpec:
    """`layer` with another layer in place of the one that `weighted` finds."""
    return layer.model_copy(update={"layer": changed}) if isinstance(layer, Bidirectional) else changed
