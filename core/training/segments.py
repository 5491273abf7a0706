"""An array namespace for the formulas of statistics over rows: NumPy, with a reduction for each tensor of a row."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.training import sums

# Longer tensors are summed one by one, as NumPy then adds pairwise; adding in order would lose digits in float32.
MAX_IN_ORDER = 1024


class Segments:
    """`numpy`, with reductions of the last axis for each tensor of a row.

    A row holds the numbers of all tensors of a network, one tensor after another. A reduction of (..., numbers) along
    the last axis returns (..., tensors). With `keepdims` it returns (..., numbers), each tensor's result repeated.

    Sums that many statistics share come from `sums` in one pass, as do histograms.

    Args:
        sizes: the number of entries of each tensor.

    Attributes:
        sizes: (tensors,) likewise.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = np.array(sizes)
        self._ends = np.cumsum(self.sizes)
        self._begins = self._ends - self.sizes
        self._in_order = max(sizes, default=0) <= MAX_IN_ORDER

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def sum(self, x: np.ndarray, axis: int, keepdims: bool = False) -> np.ndarray:
        """Return Σx of each tensor."""
        return self._reduced(np.add, x, keepdims)

    def mean(self, x: np.ndarray, axis: int, keepdims: bool = False) -> np.ndarray:
        """Return the mean of each tensor."""
        return self._reduced(np.add, x, keepdims) / self._spread(self.sizes.astype(np.float32), keepdims)

    def max(self, x: np.ndarray, axis: int, keepdims: bool = False) -> np.ndarray:
        """Return the maximum of each tensor; NaN if the tensor has a NaN."""
        return self._reduced(np.maximum, x, keepdims)

    def spread(self, by_tensor: np.ndarray) -> np.ndarray:
        """Repeat one number for each tensor: (..., tensors) -> (..., numbers)."""
        return np.repeat(by_tensor, self.sizes, axis=-1)

    def split(self, rows: np.ndarray) -> list[np.ndarray]:
        """Split rows by tensor: (..., numbers) -> (..., n) for each tensor."""
        return [rows[..., begin:end] for begin, end in zip(self._begins, self._ends, strict=True)]

    def sums(self, rows: np.ndarray) -> sums.Sums:
        """Return the sums of each tensor: (..., numbers) -> (..., tensors) each."""
        return sums.Sums.of(rows, self._ends)

    def zeros_of_all(self, rows: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """Count each tensor's entries that are 0 in all batches: see `sums.zeros_of_all`."""
        return sums.zeros_of_all(rows, self._ends, seen)

    def histograms(self, rows: np.ndarray) -> np.ndarray:
        """Count each tensor's entries in each bin over all batches: (epochs, batches, seeds, numbers) -> (epochs,
        seeds, tensors, bins)."""
        return sums.histograms(rows, self._ends)

    def _reduced(self, reduce: np.ufunc, x: np.ndarray, keepdims: bool) -> np.ndarray:
        if self._in_order:
            reduced = reduce.reduceat(x, self._begins, axis=-1)
        else:
            reduced = np.stack([reduce.reduce(part, axis=-1) for part in self.split(x)], axis=-1)
        return self._spread(reduced, keepdims)

    def _spread(self, by_tensor: np.ndarray, keepdims: bool) -> np.ndarray:
        return self.spread(by_tensor) if keepdims else by_tensor
