"""Check that the inputs of an embedding, and of an encoding of categories, are indices of its rows."""

import math
from collections.abc import Sequence

from gradlab.frozen import impossible
from gradlab.spec.ends import NetworkInput
from gradlab.spec.network import NamedLayer
from gradlab.vocabulary.layers.attention import Embedding
from gradlab.vocabulary.layers.preprocessing import CategoryEncoding
from gradlab.vocabulary.layers.ranges import ANYTHING, Range, merged_range


def check_indices(layers: Sequence[NamedLayer], inputs: Sequence[NetworkInput]) -> None:
    """Refuse a layer that looks up rows if its inputs may be no indices of them. Raises pydantic's error.

    Args:
        layers: all layers in the order of the forward pass.
        inputs: the network's inputs.
    """
    if not any(isinstance(layer.spec, Embedding | CategoryEncoding) for layer in layers):
        return
    ranges: dict[str, Range] = {each.name: _samples(each.whole_below) for each in inputs}
    for layer in layers:
        taken = [ranges[name] for name in layer.inputs]
        if isinstance(layer.spec, Embedding):
            _check_rows(layer.spec.input_dim, "input_dim", taken[0], f"model.{layer.path}")
        if isinstance(layer.spec, CategoryEncoding):
            _check_rows(layer.spec.num_tokens, "num_tokens", taken[0], f"model.{layer.path}")
        ranges[layer.name] = merged_range(layer.spec, taken)


def _samples(below: int | None) -> Range:
    return ANYTHING if below is None else (0, below - 1)


def _check_rows(rows: int, name: str, values: Range, where: str) -> None:
    """Refuse inputs that may be other numbers than 0 to `rows` − 1, which the field `name` sets."""
    low, high = values
    # Keras truncates indices towards 0, so every number above -1 is a valid one.
    if low > -1 and high < rows:
        return
    expected = f"inputs that are whole numbers from 0 to {rows - 1}, below {name}"
    if math.isinf(low) or math.isinf(high):
        raise impossible(where, expected, "numbers of any size, not only whole ones")
    if low > -1:
        field, needed = f"{where}.{name}", math.floor(high) + 1
        raise impossible(field, f"at least {needed}: its inputs go up to {high:g}", str(rows))
    raise impossible(where, expected, f"numbers from {low:g} to {high:g}")
