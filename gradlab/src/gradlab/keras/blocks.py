"""Residual blocks of functional Keras models: an `Add` of a tensor and of what a chain of layers makes of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.blocks import Residual


def residuals(layers: Sequence[Any], configurations: Mapping[int, LayerSpec | None]) -> dict[int, Residual]:
    """Return the blocks that end with an `Add`, by the ids of these layers.

    A block is x + scale·f(x), where f is a chain of layers whose outputs nothing else takes. They are listed directly
    before the `Add`. A block inside a block is not described.

    Args:
        layers: the layers of a model, in its order.
        configurations: id of a layer -> its configuration in the vocabulary; None for a layer without one.
    """
    blocks: dict[int, Residual] = {}
    for place, layer in enumerate(layers):
        if type(layer) is not keras.layers.Add or len(layer._inbound_nodes) != 1:
            continue
        tensors = layer._inbound_nodes[0].input_tensors
        if len(tensors) != 2:
            continue
        for skip, branch in (tensors, tensors[::-1]):
            scale, end = _unscaled(branch)
            inner = _chain(skip, end)
            before = layers[place - len(inner) : place]
            inside = tuple(configurations.get(id(each)) for each in inner)
            if inner and all(a is b for a, b in zip(inner, before, strict=True)) and all(inside):
                blocks[id(layer)] = Residual(layers=inside, scale=scale)
                break
    return blocks


def _unscaled(tensor: Any) -> tuple[float, Any]:
    """Return the constant factor of a tensor, and what it multiplies; 1 and the tensor itself if there is none."""
    operation, node = _origin(tensor)
    if isinstance(operation, keras.layers.Layer) or type(operation).__name__ != "Multiply" or not _is_only(operation):
        return 1.0, tensor
    arguments = node.arguments.args
    numbers = [each for each in arguments if isinstance(each, int | float)]
    if len(arguments) != 2 or len(numbers) != 1:
        return 1.0, tensor
    return float(numbers[0]), node.input_tensors[0]


def _chain(begin: Any, end: Any) -> list[Any]:
    """Return the layers between two tensors, first to last; [] if they form no chain."""
    layers: list[Any] = []
    while end is not begin:
        operation, node = _origin(end)
        sources = {id(each): each for each in node.input_tensors}
        if not isinstance(operation, keras.layers.Layer) or len(sources) != 1 or not _is_only(operation):
            return []
        layers.insert(0, operation)
        (end,) = sources.values()
    return layers


def _origin(tensor: Any) -> tuple[Any, Any]:
    """Return the operation that made a tensor, and the node of its call."""
    operation, node_index, _ = tensor._keras_history
    return operation, operation._inbound_nodes[node_index]


def _is_only(operation: Any) -> bool:
    """True if an operation is called once, and one other takes its output."""
    return len(operation._inbound_nodes) == 1 and len(operation._outbound_nodes) == 1
