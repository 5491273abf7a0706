"""The array namespace in which the shelf's formulas are traced: `keras.ops`, in words that translate quickly.

TensorFlow hands some operations to XLA through a compiler of their own, some milliseconds each, which is most of the
time that a small network takes to compile. They are spelt here in others that give the same numbers.
"""

from typing import Any

import numpy as np
from keras import ops


class Namespace:
    """`keras.ops`, with a few words spelt otherwise."""

    def __getattr__(self, name: str) -> Any:
        return getattr(ops, name)

    @staticmethod
    def abs(x: Any) -> Any:
        """|x|."""
        return ops.maximum(x, -x)

    @staticmethod
    def sqrt(x: Any) -> Any:
        """√x: XLA makes a square root of this power."""
        return ops.power(x, np.float32(0.5))

    def max(self, x: Any, axis: int | tuple[int, ...], keepdims: bool = False) -> Any:
        """The largest; NaN where there is one, which XLA's own maximum may pass over."""
        unknown = ops.max(ops.where(self.isnan(x), 1.0, 0.0), axis=axis, keepdims=keepdims)
        return ops.where(unknown > 0.0, np.float32(np.nan), ops.max(x, axis=axis, keepdims=keepdims))

    @staticmethod
    def isfinite(x: Any) -> Any:
        """Whether x is neither NaN nor infinite."""
        return ops.maximum(x, -x) < np.float32(np.inf)

    @staticmethod
    def isnan(x: Any) -> Any:
        """Whether x is NaN."""
        return ops.not_equal(x, x)


class PaddedNamespace(Namespace):
    """The same for rows of different lengths, filled up to the longest: along the last axis only what is real counts.

    Args:
        lengths: of the rows, which are the axis after the first.
    """

    def __init__(self, lengths: list[int]) -> None:
        self._lengths = np.array(lengths, np.float32)
        self._real = np.arange(max(lengths)) < np.array(lengths)[:, None]  # (rows, longest)

    def sum(self, x: Any, axis: int, keepdims: bool = False) -> Any:
        """Σx along the last axis."""
        return ops.sum(self._only_real(x, 0.0), axis=axis, keepdims=keepdims)

    def mean(self, x: Any, axis: int, keepdims: bool = False) -> Any:
        """Mean along the last axis."""
        lengths = self._lengths[:, None] if keepdims else self._lengths
        return self.sum(x, axis, keepdims) / lengths

    def max(self, x: Any, axis: int | tuple[int, ...], keepdims: bool = False) -> Any:
        """The largest along the last axis."""
        return super().max(self._only_real(x, -np.inf), axis, keepdims)

    def _only_real(self, x: Any, otherwise: float) -> Any:
        between = (1,) * (len(x.shape) - 3)
        real = self._real.reshape(self._real.shape[0], *between, self._real.shape[1])
        return ops.where(real, x, np.float32(otherwise))


xp = Namespace()
