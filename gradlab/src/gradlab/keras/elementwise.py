"""Activations: whether they treat each unit by itself, and their largest slope."""

from typing import Any

import numpy as np
from keras import ops

from gradlab.keras.arrays import array
from gradlab.keras.configuration import activation_spec


def is_elementwise(function: Any, shape: tuple[int, ...], dtype: str) -> bool:
    """True if each entry of the function's result depends on the same entry of its argument alone.

    It is tried: one unit of a small batch is changed, and no other unit may change. False for a softmax.
    """
    spec = activation_spec(function)
    if spec is not None:
        return bool(spec.per_unit)
    units = shape[-1]
    z = np.random.default_rng(0).normal(size=(2, *[1] * (len(shape) - 2), units)).astype(dtype)
    before = array(function(ops.convert_to_tensor(z)))
    if before.shape != z.shape:
        return False
    z[..., 0] += 1
    after = array(function(ops.convert_to_tensor(z)))
    return bool(np.array_equal(before[..., 1:], after[..., 1:], equal_nan=True))


def steepest_of(function: Any) -> float | None:
    """Return the largest slope of an activation, or of an activation layer; None where it is unknown."""
    spec = activation_spec(function)
    return None if spec is None or not spec.per_unit else spec.steepest
