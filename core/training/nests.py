"""Samples of networks with several inputs or outputs: an array where there is one, a tuple of arrays where there are
several, as `tf.nest` takes them."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def nest(values: Sequence[Any]) -> Any:
    """Return the one value, or the tuple of several."""
    return values[0] if len(values) == 1 else tuple(values)


def flat(samples: Any) -> tuple[Any, ...]:
    """Return the arrays as a tuple, also of one."""
    return samples if isinstance(samples, tuple) else (samples,)


def row_count(samples: Any) -> int:
    """Return the number of samples, which all arrays share."""
    return int(flat(samples)[0].shape[0])


def sliced(samples: Any, begin: int | None, end: int | None) -> Any:
    """Return the samples from `begin` to `end`, as a slice counts them."""
    return tf.nest.map_structure(lambda array: array[begin:end], samples)


def gathered(samples: Any, order: Any) -> Any:
    """Return the samples of these numbers: (samples, ...) -> (*order's shape, ...) each."""
    return tf.nest.map_structure(lambda array: tf.gather(array, order), samples)
