"""Samples that a Watch is given: arrays, or a dataset that can be read without changing what the training gets from it.

Samples are read here and stay in the process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import tree

from gradlab.keras.arrays import array

# Samples that are read of a dataset: what facts need.
MAX_SAMPLES = 4_096


class UnreadableData(Exception):
    """The samples cannot be read; the message says what to pass instead."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples in the model's structures.

    Attributes:
        x, y: arrays, or lists or dictionaries of arrays, with the samples along the first axis.
        count: the number of samples that there are; of a dataset, None if it is unknown.
    """

    x: Any
    y: Any
    count: int | None

    def first(self, samples: int) -> tuple[Any, Any]:
        """Return x and y of the first samples."""
        x, y = (tree.map_structure(lambda each: each[:samples], part) for part in (self.x, self.y))
        return x, y

    def __len__(self) -> int:
        """The number of samples that were read."""
        return len(tree.flatten(self.x)[0])


def samples_of(data: Any, field: str = "data") -> Samples:
    """Read samples from what a user passed.

    Args:
        data: (x, y), with arrays or structures of arrays; or a dataset of batches (x, y).
        field: the name of the argument, for messages.

    Raises:
        UnreadableData: it is something else, or reading it would change what the training gets.
    """
    if isinstance(data, Sequence) and not isinstance(data, str) and len(data) in (2, 3) and _is_arrays(data[0]):
        x, y = (tree.map_structure(_array, each) for each in data[:2])
        counts = {len(each) for each in (*tree.flatten(x), *tree.flatten(y))}
        if len(counts) != 1:
            raise UnreadableData(f"{field}: expected x and y of equally many samples; received {sorted(counts)}")
        return Samples(x, y, counts.pop())
    if hasattr(data, "__next__"):
        raise UnreadableData(
            f"{field}: expected arrays (x, y) or a dataset; received a generator, which can be read only once"
        )
    if _shuffles(data):
        raise UnreadableData(
            f"{field}: expected a dataset before `shuffle`, or arrays (x, y): to read a shuffled one changes the order "
            "that the training gets"
        )
    return _from_batches(data, field)


def _is_arrays(part: Any) -> bool:
    leaves = tree.flatten(part)
    return bool(leaves) and all(hasattr(each, "shape") or isinstance(each, list | np.ndarray) for each in leaves)


def _array(part: Any) -> np.ndarray:
    values = array(part) if keras.ops.is_tensor(part) else np.asarray(part)
    if values.dtype == np.float64 or values.dtype == np.float16:
        values = values.astype(keras.config.floatx())  # as Keras does before it trains
    return values


def _shuffles(data: Any) -> bool:
    """True if a dataset of TensorFlow, or one that it is made from, is shuffled; or a PyTorch loader is."""
    waiting = [data]
    while waiting:
        each = waiting.pop()
        if "Shuffle" in type(each).__name__ or "Random" in type(getattr(each, "sampler", None)).__name__:
            return True
        inputs = getattr(each, "_inputs", None)
        waiting += inputs() if callable(inputs) else []
    return False


def _from_batches(data: Any, field: str) -> Samples:
    batches: list[tuple[Any, Any]] = []
    count = 0
    try:
        source = (data[place] for place in range(len(data))) if hasattr(data, "__getitem__") else iter(data)
        for batch in source:
            x, y = (tree.map_structure(_array, each) for each in tuple(batch)[:2])
            batches.append((x, y))
            count += len(tree.flatten(x)[0])
            if count >= MAX_SAMPLES:
                break
    except (TypeError, ValueError, IndexError) as error:
        raise UnreadableData(
            f"{field}: expected arrays (x, y), or a dataset of batches (x, y); received {type(data).__name__}, "
            f"of which {type(error).__name__}: {error}"
        ) from error
    if not batches:
        raise UnreadableData(f"{field}: expected samples; received an empty {type(data).__name__}")
    x, y = (tree.map_structure(lambda *parts: np.concatenate(parts), *parts) for parts in zip(*batches, strict=True))
    return Samples(x, y, count if count < MAX_SAMPLES else None)


def unfitting(model: Any, samples: Samples) -> str | None:
    """Return what was expected and received if samples have another shape than the model's input; else None."""
    expected = getattr(model, "input_shape", None) if model.built else None
    shapes = [each.shape for each in tree.flatten(samples.x)]
    if not isinstance(expected, tuple) or len(shapes) != 1 or isinstance(expected[0], tuple):
        return None
    (shape,) = shapes
    if len(expected) == len(shape) and all(a in (None, b) for a, b in zip(expected[1:], shape[1:], strict=True)):
        return None
    if abs(len(expected) - len(shape)) == 1 and 1 in (expected[-1], shape[-1]):
        return None  # Keras adds or drops an axis of one
    return f"expected samples of shape {expected[1:]}, the model's input; received {tuple(shape[1:])}"
