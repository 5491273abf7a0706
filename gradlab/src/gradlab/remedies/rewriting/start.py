"""Initial weights of a changed network: layers that the change leaves alike begin with the weights that they had."""

from typing import Any

from gradlab.frozen import ByName
from gradlab.remedies.rewriting.alignment import counterparts
from gradlab.spec import ExperimentSpec, NamedLayer
from gradlab.spec.initial_weights import InitialWeights, given_layers, has_weights
from gradlab.spec.network import is_chain


def with_carried_weights(before: ExperimentSpec, after: ExperimentSpec) -> ExperimentSpec:
    """Return a changed spec with the initial weights of the spec that it was made of.

    A layer keeps its weights if neither the shapes of its tensors nor their initialisers changed. All others are drawn.

    Args:
        before: the spec before the change.
        after: the changed spec, without initial weights.
    """
    start = before.training.initial_weights
    if start is None:
        return after
    given, own = given_layers(start, before.layers), {layer.name: layer for layer in before.layers}
    names = _counterparts(before, after)
    weighted = [layer for layer in after.layers if has_weights(layer)]
    pairs = [(layer, own[names[layer.name]]) for layer in weighted if names.get(layer.name) in given]
    kept = {new.name: given[old.name] for new, old in pairs if _is_drawn_alike(new, old)}
    is_whole = start.layers is None and kept == {layer.name: layer.name for layer in weighted}
    carried = start if is_whole else InitialWeights(id=start.id, layers=ByName(kept)) if kept else None
    return with_start(after, carried)


def with_start(spec: ExperimentSpec, start: InitialWeights | None) -> ExperimentSpec:
    """Return a spec with other initial weights, or with None."""
    return spec.model_copy(update={"training": spec.training.model_copy(update={"initial_weights": start})})


def _counterparts(before: ExperimentSpec, after: ExperimentSpec) -> dict[str, str]:
    """Return the name before the change of each layer that was there. Nodes of a graph keep their names."""
    if is_chain(before.network) and is_chain(after.network):
        return counterparts(before, after)
    return {layer.name: layer.name for layer in before.layers}


def _is_drawn_alike(one: NamedLayer, other: NamedLayer) -> bool:
    shapes = [({each.parameter: each.shape for each in layer.tensors}, layer.averages) for layer in (one, other)]
    return shapes[0] == shapes[1] and _initializers(one.spec) == _initializers(other.spec)


def _initializers(layer: Any) -> dict[str, Any]:
    """The initialisers of a layer, or of the layer inside a wrapper."""
    held = getattr(layer, "layer", None)
    if held is not None:
        return _initializers(held)
    return {name: getattr(layer, name) for name in type(layer).model_fields if name.endswith("_initializer")}
