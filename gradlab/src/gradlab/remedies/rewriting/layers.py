"""Hidden layers of a network with their places.

A layer is hidden if a layer with weights of its own, norms excepted, follows from it. The others are the output layer
and the layers behind it, in a graph perhaps several output layers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gradlab.errors import Invalid, Problem
from gradlab.spec import ExperimentSpec, NamedLayer
from gradlab.spec.ends import hidden_names
from gradlab.spec.graph import GraphSpec
from gradlab.spec.network import depths
from gradlab.vocabulary.activations import ActivationFunction, LeakyRelu, Linear
from gradlab.vocabulary.layers import LayerSpec, Shape
from gradlab.vocabulary.layers.activation import PReLU
from gradlab.vocabulary.layers.attention import Embedding
from gradlab.vocabulary.layers.depthwise import Depthwise
from gradlab.vocabulary.layers.einsum import EinsumDense
from gradlab.vocabulary.layers.recurrent import Bidirectional, Recurrent
from gradlab.vocabulary.layers.weighted import WeightedLayer
from gradlab.vocabulary.layers.wrapping import TimeDistributed, at_each_step

WITH_KERNELS = (WeightedLayer, Bidirectional, Depthwise, EinsumDense)

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


def field_of(spec: ExperimentSpec) -> str:
    """Return the field of a spec that holds its layers."""
    return "model.nodes" if isinstance(spec.model, GraphSpec) else "model.layers"


def places(spec: ExperimentSpec) -> tuple[Place, ...]:
    """Return all layers in the order in which samples pass them: inner layers before their block.

    A layer that is used several times is hidden if all its uses are.
    """
    weighted = {named.name for named in spec.layers if _has_own_weights(named.spec)}
    hidden = hidden_names(spec.layers, weighted, spec.outputs)
    used_at_end = {named.shares or named.name for named in spec.layers if named.name not in hidden}
    behind = _behind(spec.layers)
    activations: dict[str, ActivationFunction] = {}
    for named in reversed(spec.layers):
        activations[named.name] = _activation_of(named, behind[named.name], activations)
    return tuple(
        Place(
            layer=_one(named.spec),
            name=named.name,
            input_shape=named.input_shape,
            output_shape=named.output_shape,
            activation=activations[named.name],
            hidden=(named.shares or named.name) not in used_at_end,
        )
        for named in spec.layers
    )


def _behind(layers: Sequence[NamedLayer]) -> dict[str, list[NamedLayer]]:
    """The layers that take the output of each layer, in the order of the forward pass."""
    behind: dict[str, list[NamedLayer]] = {named.name: [] for named in layers}
    for named in layers:
        for name in dict.fromkeys(named.inputs):
            if name in behind:
                behind[name].append(named)
    return behind


def _activation_of(
    named: NamedLayer, behind: Sequence[NamedLayer], activations: dict[str, ActivationFunction]
) -> ActivationFunction:
    """The activation of a layer: its own, or that of the first layer behind it, unless that has weights."""
    own = activation_of(named.spec)
    if own != Linear():
        return own
    if not behind or _has_own_weights(behind[0].spec):
        return Linear()
    return activations[behind[0].name]


def activation_of(layer: LayerSpec) -> ActivationFunction:
    """Return a layer's own activation, of a recurrent layer that of its state, of one at each time step its own."""
    inside, cell = at_each_step(layer), recurrent(layer)
    if isinstance(inside, PReLU):
        return LeakyRelu(negative_slope=0.0)  # as it is first drawn; with learnt slopes, it is no relu
    function: ActivationFunction | None = cell.activation if cell else inside.function
    return function or Linear()


def hidden_places(spec: ExperimentSpec) -> tuple[Place, ...]:
    """Return the hidden layers with weights, without norms and embeddings."""
    return tuple(
        place for place in places(spec) if place.hidden and isinstance(at_each_step(place.layer), WITH_KERNELS)
    )


@dataclass(frozen=True)
class HiddenStage:
    """A layer with weights, or a block that holds some, with the layers behind it up to the next one with weights.

    These are its norm, its activation, dropout and pooling.

    Attributes:
        places: the layers, first to last; a block without its inner layers.
        merged: True if a layer of several inputs takes its output.
    """

    places: tuple[Place, ...]
    merged: bool = False

    @property
    def output_shape(self) -> Shape:
        """The shape of the last layer's output, without the batch axis."""
        return self.places[-1].output_shape

    @property
    def keeps_shape(self) -> bool:
        """True if input and output have one shape."""
        return self.places[0].input_shape == self.output_shape


def hidden_stages(spec: ExperimentSpec) -> tuple[HiddenStage, ...]:
    """Return the hidden stages outside of blocks whose layers are used once, without the one of the output layer.

    In a graph a stage ends where its output goes two ways, and before a layer of several inputs.
    """
    by_name, behind = {place.name: place for place in places(spec)}, _behind(spec.network)
    shared = {name for named in spec.layers if named.shares for name in (named.name, named.shares)}
    stages = []
    for named in spec.network:
        if not has_weights(named.spec) or not by_name[named.name].hidden:
            continue
        stage = [named]
        while len(after := behind[stage[-1].name]) == 1 and not has_weights(after[0].spec) and not merges(after[0]):
            stage.append(after[0])
        if not shared & {each.name for each in stage}:
            merged = any(map(merges, behind[stage[-1].name]))
            stages.append(HiddenStage(tuple(by_name[each.name] for each in stage), merged))
    return tuple(stages)


def merges(named: NamedLayer) -> bool:
    """True if a layer takes several inputs; a block takes one."""
    return len(named.inputs) > 1 + bool(named.inner)


def hidden_depth(spec: ExperimentSpec) -> int:
    """Return the largest number of hidden layers with weights on a way through the network."""
    return max(depths(spec.layers, {place.name for place in hidden_places(spec)}).values())


def end_of(spec: ExperimentSpec, last: NamedLayer) -> tuple[NamedLayer, ...]:
    """Return the layer with the last weights before an output, or the block that holds it, and the layers behind it.

    Args:
        spec: the spec of a graph.
        last: the layer that makes the output.

    Raises:
        Invalid: they form no chain, or one of them is used twice, or others take their output.
    """
    by_name, behind = {named.name: named for named in spec.network}, _behind(spec.network)
    end = [last]
    while not has_weights(end[0].spec) and not merges(end[0]) and end[0].inputs[0] in by_name:
        end.insert(0, by_name[end[0].inputs[0]])
    shared = {named.shares for named in spec.layers if named.shares}
    if not has_weights(end[0].spec) or any(len(behind[named.name]) > 1 for named in end):
        raise Invalid(Problem(field_of(spec), "an output of one layer with weights", f"{end[0].name} before it"))
    if behind[last.name]:
        raise Invalid(Problem(field_of(spec), "an output that no other layer takes", f"{last.name}, which one does"))
    if used := [named.name for named in end if named.shares or named.name in shared]:
        raise Invalid(Problem(field_of(spec), "output layers that are used once", used[0]))
    return tuple(end)


def split_output(layers: Layers) -> tuple[Layers, LayerSpec, Layers]:
    """Return the layers before the output layer, the output layer or the block that holds it, and the layers behind."""
    last = max((place for place, layer in enumerate(layers) if has_weights(layer)), default=len(layers) - 1)
    output, count = _one(layers[last]), layers[last].repeat
    repeated = (output.model_copy(update={"repeat": count - 1}),) if count > 1 else ()
    return (*layers[:last], *repeated), output, layers[last + 1 :]


def has_weights(layer: LayerSpec) -> bool:
    """True if the layer or one of its inner layers has weights, norms excepted."""
    return _has_own_weights(layer) or any(map(has_weights, layer.inner))


def _has_own_weights(layer: LayerSpec) -> bool:
    return isinstance(at_each_step(layer), (*WITH_KERNELS, Embedding))


def _one(layer: LayerSpec) -> LayerSpec:
    return layer.model_copy(update={"repeat": 1})


def weighted(layer: LayerSpec) -> WeightedLayer | None:
    """Return the layer with one kernel: `layer` itself or the inner layer of a wrapper; None for other layers."""
    inside = at_each_step(layer)
    inside = inside.layer if isinstance(inside, Bidirectional) else inside
    return inside if isinstance(inside, WeightedLayer) else None


def recurrent(layer: LayerSpec) -> Recurrent | None:
    """Return the recurrent layer: `layer` itself or the inner layer of a wrapper; None for other layers."""
    inside = weighted(layer)
    return inside if isinstance(inside, Recurrent) else None


def with_weighted(layer: LayerSpec, changed: WeightedLayer) -> LayerSpec:
    """Return `layer` with `changed` in place of the layer that `weighted` returns."""
    if not isinstance(layer, Bidirectional | TimeDistributed):
        return changed
    return layer.model_copy(update={"layer": with_weighted(layer.layer, changed)})
