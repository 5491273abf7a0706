"""Samples of networks with several inputs or outputs: an array where there is one, a tuple of arrays where there are
several, as `tf.nest` takes them.

Networks are built by this on any backend of Keras: nothing here needs TensorFlow.
"""

from collections.abc import Sequence
from typing import Any


def nest(values: Sequence[Any]) -> Any:
    """Return the one value, or the tuple of several."""
    return values[0] if len(values) == 1 else tuple(values)


def flat(samples: Any) -> tuple[Any, ...]:
    """Return the arrays as a tuple, also of one."""
    return samples if isinstance(samples, tuple) else (samples,)


def row_count(samples: Any) -> int:
    """Return the number of samples, which all arrays share."""
    return int(flat(samples)[0].shape[0])
