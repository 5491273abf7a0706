"""Check that an embedding's inputs are indices of its rows."""

import math
from collections.abc import Sequence

from gradlab.spec.network import NamedLayer
from gradlab.spec.problems import impossible
from gradlab.vocabulary.datasets import DatasetSpec
from gradlab.vocabulary.layers.attention import Embedding
from gradlab.vocabulary.layers.ranges import ANYTHING, Range, merged_range


def check_indices(layers: Sequence[NamedLayer], dataset: DatasetSpec) -> None:
    """Refuse an embedding whose inputs may be other numbers than its row indices. Raises pydantic's error.

    Args:
        layers: all layers in the order of the forward pass.
        dataset: the data that enter the first.
    """
    if not any(isinstance(layer.spec, Embedding) for layer in layers):
        return
    below = dataset.whole_below
    samples = ANYTHING if below is None else (0, below - 1)
    ranges: dict[str, Range] = {}
    for layer in layers:
        inputs = [ranges.get(name, samples) for name in layer.inputs]
        if isinstance(layer.spec, Embedding):
            _check_embedding(layer.spec, inputs[0], f"model.{layer.path}")
        ranges[layer.name] = merged_range(layer.spec, inputs)


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
