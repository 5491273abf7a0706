"""The array namespace in which the shelf's formulas look at whole rows: NumPy, each tensor of a row by itself."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradlab.measurement.statistics import BIN_NAMES, bins

# Longer tensors are summed one by one, pairwise: added up one after another, float32 would lose digits.
MAX_IN_ORDER = 1024


class Segments:
    """`numpy`, but along the last axis every tensor of a row counts by itself.

    A row holds the numbers of all tensors of a network, one tensor after another. What reduces the last axis of
    (..., numbers) answers (..., tensors); with `keepdims` it answers (..., numbers), each tensor's number repeated.

    Args:
        sizes: how many numbers each tensor has.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = np.array(sizes)
        self._ends = np.cumsum(self.sizes)
        self._begins = self._ends - self.sizes
        self._in_order = max(sizes, default=0) <= MAX_IN_ORDER

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def sum(self, x: np.ndarray, axis: int, keepdims: bool = False) -> np.ndarray:
        """Σx of each tensor."""
        return self._reduced(np.add, x, keepdims)

    def mean(self, x: np.ndarray, axis: int, keepdims: bool = False) -> np.ndarray:
        """Mean of each tensor."""
        return self._reduced(np.add, x, keepdims) / self._spread(self.sizes.astype(np.float32), keepdims)

    def max(self, x: np.ndarray, axis: int, keepdims: bool = False) -> np.ndarray:
        """The largest of each tensor; NaN where there is one."""
        return self._reduced(np.maximum, x, keepdims)

    def spread(self, by_tensor: np.ndarray) -> np.ndarray:
        """(..., tensors) as (..., numbers)."""
        return np.repeat(by_tensor, self.sizes, axis=-1)

    def split(self, rows: np.ndarray) -> list[np.ndarray]:
        """(..., numbers) as (..., n) for each tensor."""
        return [rows[..., begin:end] for begin, end in zip(self._begins, self._ends, strict=True)]

    def histograms(self, rows: np.ndarray) -> np.ndarray:
        """How many of each tensor lie in each of the shelf's bins: (..., k, numbers) as (..., tensors, bins)."""
        tensors, count = len(self.sizes), len(BIN_NAMES)
        flat = rows.reshape(-1, rows.shape[-1])
        places = bins(flat) + self.spread(np.arange(tensors) * count)
        places += (np.arange(len(flat)) // rows.shape[-2])[:, None] * (tensors * count)
        cells = len(flat) // rows.shape[-2] * tensors * count
        counted = np.bincount(places[~np.isnan(flat)], minlength=cells)
        return counted.reshape(*rows.shape[:-2], tensors, count).astype(np.float32)

    def _reduced(self, reduce: np.ufunc, x: np.ndarray, keepdims: bool) -> np.ndarray:
        if self._in_order:
            found = reduce.reduceat(x, self._begins, axis=-1)
        else:
            found = np.stack([reduce.reduce(part, axis=-1) for part in self.split(x)], axis=-1)
        return self._spread(found, keepdims)

    def _spread(self, by_tensor: np.ndarray, keepdims: bool) -> np.ndarray:
        return self.spread(by_tensor) if keepdims else by_tensor
