"""Check that an embedding's inputs are indices of its rows."""

import math
from collections.abc import Sequence

from gradlab.spec.problems import impossible
from gradlab.vocabulary.datasets import DatasetSpec
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.attention import Embedding
from gradlab.vocabulary.layers.ranges import ANYTHING, Range, output_range


def check_indices(layers: Sequence[LayerSpec], dataset: DatasetSpec) -> None:
    """Refuse an embedding whose inputs may be other numbers than its row indices. Raises pydantic's error."""
    below = dataset.whole_below
    _check_in_order(layers, ANYTHING if below is None else (0, below - 1), "model.layers")


def _check_in_order(layers: Sequence[LayerSpec], values: Range, path: str) -> Range:
    """Check the layers in order; return the range of the last one's outputs for inputs in `values`."""
    for place, layer in enumerate(layers):
        where = f"{path}[{place}]"
        for _ in range(layer.repeat):
            before = values
            values = _check_layer(layer, values, where)
            if values == before:  # further repeats change nothing
                break
    return values


def _check_layer(layer: LayerSpec, values: Range, where: str) -> Range:
    """Check one layer; return the range of its outputs for inputs in `values`."""
    if layer.inner:
        _check_in_order(layer.inner, values, f"{where}.layers")
        return ANYTHING  # the sum of a block's input and its layers, whose bounds are not computed
    if isinstance(layer, Embedding):
        _check_embedding(layer, values, where)
    return output_range(layer, values)


def _check_embedding(layer: Embedding, values: Range, where: str) -> None:
    low, high = values
    # Keras truncates indices towards 0, so every number above -1 is a valid one.
    if low > -1 and high < layer.input_dim:
        return
    expected = f"inputs that are whole numbers from 0 to {layer.input_dim - 1}, below input_dim"
    if math.isinf(low) or math.isinf(high):
        raise impossible(where, expected, "numbers of any size, not only whole ones")
    if low > -1:
        field, needed = f"{where}.input_dim", math.floor(high) + 1
        raise impossible(field, f"at least {needed}: its inputs go up to {high:g}", str(layer.input_dim))
    raise impossible(where, expected, f"numbers from {low:g} to {high:g}")
