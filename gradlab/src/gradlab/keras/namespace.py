"""The array namespace for the statistics' formulas in a compiled program: `keras.ops`, with faster compilation.

TensorFlow compiles some operations separately before XLA does, in some milliseconds each. For a small network, that is
most of the compilation's time. Here they are replaced by other operations that give the same numbers.
"""

from typing import Any

import numpy as np
from keras import ops


class Namespace:
    """`keras.ops`, with a few functions composed of other operations."""

    def __getattr__(self, name: str) -> Any:
        return getattr(ops, name)

    @staticmethod
    def abs(x: Any) -> Any:
        """Absolute value, |x|."""
        return ops.maximum(x, -x)

    @staticmethod
    def sqrt(x: Any) -> Any:
        """Square root, √x. XLA compiles this power to a square root."""
        return ops.power(x, np.float32(0.5))

    def max(self, x: Any, axis: int | tuple[int, ...], keepdims: bool = False) -> Any:
        """Maximum; NaN if any entry is NaN, which XLA's own maximum may ignore."""
        unknown = ops.max(ops.where(self.isnan(x), 1.0, 0.0), axis=axis, keepdims=keepdims)
        return ops.where(unknown > 0.0, np.float32(np.nan), ops.max(x, axis=axis, keepdims=keepdims))

    @staticmethod
    def isfinite(x: Any) -> Any:
        """True where x is neither NaN nor infinite."""
        return ops.maximum(x, -x) < np.float32(np.inf)

    @staticmethod
    def isnan(x: Any) -> Any:
        """True where x is NaN."""
        return ops.not_equal(x, x)


class PaddedNamespace(Namespace):
    """A namespace for rows of different lengths, padded to the longest. Reductions ignore the padding.

    Args:
        lengths: the lengths of the rows, which are the second axis of an array.
    """

    def __init__(self, lengths: list[int]) -> None:
        self._lengths = np.array(lengths, np.float32)
        self._real = np.arange(max(lengths)) < np.array(lengths)[:, None]  # (rows, longest)

    def sum(self, x: Any, axis: int, keepdims: bool = False) -> Any:
        """Sum of x along the last axis."""
        return ops.sum(self._only_real(x, 0.0), axis=axis, keepdims=keepdims)

    def mean(self, x: Any, axis: int, keepdims: bool = False) -> Any:
        """Mean of x along the last axis."""
        lengths = self._lengths[:, None] if keepdims else self._lengths
        return self.sum(x, axis, keepdims) / lengths

    def max(self, x: Any, axis: int | tuple[int, ...], keepdims: bool = False) -> Any:
        """Maximum of x along the last axis."""
        return super().max(self._only_real(x, -np.inf), axis, keepdims)

    def _only_real(self, x: Any, otherwise: float) -> Any:
        between = (1,) * (len(x.shape) - 3)
        real = self._real.reshape(self._real.shape[0], *between, self._real.shape[1])
        return ops.where(real, x, np.float32(otherwise))


xp = Namespace()
