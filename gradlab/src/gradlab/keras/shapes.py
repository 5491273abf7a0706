"""Shapes, units, initialisers and inputs of Keras layers, as far as Keras knows them."""

from collections.abc import Mapping
from typing import Any

import keras

from gradlab.keras.configuration import initializer_spec
from gradlab.vocabulary.initializers import WeightInitializer

Axes = tuple[int | None, ...]


def output_shape_of(layer: Any) -> Axes | None:
    """Return the output's shape without the batch axis; None if Keras does not know it or there are several outputs."""
    try:
        return tuple(layer.output.shape[1:])
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return _computed_shape(layer)


def _computed_shape(layer: Any) -> Axes | None:
    """Return the output's shape that follows from the shape with which the layer was built; None if none does."""
    given = input_shape_of(layer)
    if given is None or None in given or not type(layer).__module__.startswith("keras."):
        return None
    try:
        computed = layer.compute_output_shape((None, *given))
        return tuple(computed[1:]) if all(size is None or isinstance(size, int) for size in computed) else None
    except Exception:
        return None


def input_shape_of(layer: Any) -> Axes | None:
    """Return the input's shape without the batch axis; None if Keras does not know it or there are several inputs."""
    try:
        return tuple(layer.input.shape[1:])
    except (AttributeError, TypeError, ValueError, RuntimeError):
        pass
    try:
        shape = (layer.get_build_config() or {}).get("input_shape")
        return None if shape is None else tuple(None if size is None else int(size) for size in shape[1:])
    except Exception:
        return None


def units_of(layer: Any, output: Axes | None) -> int | None:
    """Return the number of units, filters or channels of a layer's output; None if it is unknown."""
    for name in ("units", "filters", "output_dim"):
        if isinstance(units := getattr(layer, name, None), int) and units > 0:
            return units
    return output[-1] if output and output[-1] else None


def initializer_of(layer: Any, parameter: str) -> WeightInitializer | None:
    """Return the initialiser that draws one of a layer's tensors; None if it is unknown."""
    for owner in (layer, getattr(layer, "cell", None)):
        if (initializer := getattr(owner, f"{parameter}_initializer", None)) is not None:
            return initializer_spec(initializer)
    return None


def inbound_names(model: Any, names: Mapping[int, str]) -> dict[str, tuple[str, ...]]:
    """Return the names of the layers whose outputs each layer of a functional model takes, () for the model's input.

    A sequence of layers is left out, and so are layers inside nested models: each follows the one listed before it.

    Args:
        model: the model.
        names: id of a layer -> its name.
    """
    if isinstance(model, keras.Sequential) or not hasattr(model, "_nodes_by_depth"):
        return {}
    own = {id(node) for nodes in model._nodes_by_depth.values() for node in nodes}
    inbound: dict[str, tuple[str, ...]] = {}
    for operation in model.operations:
        nodes = [node for node in operation._inbound_nodes if id(node) in own]
        if id(operation) in names and len(nodes) == 1:
            parents = _named_parents(nodes[0], names)
            if parents is not None:
                inbound[names[id(operation)]] = tuple(dict.fromkeys(parents))
    return inbound


def _named_parents(node: Any, names: Mapping[int, str]) -> list[str] | None:
    """Return the nearest layers with names before a node; None if one of them is a nested model."""
    parents: list[str] = []
    for parent in node.parent_nodes:
        operation = parent.operation
        if isinstance(operation, keras.layers.InputLayer):
            continue
        if isinstance(operation, keras.Model):
            return None
        if id(operation) in names:
            parents.append(names[id(operation)])
            continue
        earlier = _named_parents(parent, names)
        if earlier is None:
            return None
        parents += earlier
    return parents
