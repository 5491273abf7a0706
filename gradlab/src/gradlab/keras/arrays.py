"""Arrays of NumPy from what Keras's backends have."""

from typing import Any

import keras
import numpy as np


def array(value: Any) -> np.ndarray:
    """Return a variable, a tensor, an array or a number as an array of NumPy."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, keras.Variable):
        return np.asarray(value.numpy())
    if hasattr(value, "read_value"):  # a variable of TensorFlow, whose own conversion is deprecated in NumPy
        return np.asarray(value.numpy())
    return np.asarray(keras.ops.convert_to_numpy(value))


def precise(value: Any) -> np.ndarray:
    """Return a tensor as an array of float64 if it is that, else of float32, that is only read.

    The array has the tensor's own memory, where that is the processor's: not for a tensor that changes.
    """
    is_double = keras.backend.standardize_dtype(value.dtype) == "float64"
    tensor = value if is_double else keras.ops.cast(value, "float32")
    return np.asarray(tensor.detach().cpu() if keras.backend.backend() == "torch" else tensor)
