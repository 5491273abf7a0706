"""Recorded: one statistic of some tensors over the recorded epochs, and what is read from such columns."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradlab.measurement.history import Tensor


@dataclass(frozen=True, eq=False)
class Recorded:
    """One statistic of some tensors over its recorded epochs: at least one epoch and one tensor.

    Attributes:
        epochs: (rows,) the epoch of each row.
        tensors: the tensor of each column, input side first.
        values: (rows, tensors) float64, with NaN and infinities as they were measured.
    """

    epochs: np.ndarray
    tensors: tuple[Tensor, ...]
    values: np.ndarray

    @property
    def layers(self) -> tuple[str, ...]:
        """The layer of each column."""
        return tuple(tensor.layer for tensor in self.tensors)

    @property
    def initially(self) -> np.ndarray | None:
        """(tensors,) the values before the first update; None where epoch 0 is missing."""
        return self.values[0] if self.epochs[0] == 0 else None

    @property
    def last(self) -> np.ndarray:
        """(tensors,) the values of the last recorded epoch."""
        return np.asarray(self.values[-1])

    def persists(self, holds: np.ndarray) -> int | None:
        """The epoch since which `holds`, (rows,) bool, is true up to the last recorded epoch; None if it ends false."""
        if not holds[-1]:
            return None
        (broken,) = np.nonzero(~holds)
        return int(self.epochs[broken[-1] + 1 if len(broken) else 0])

    def by_layer(self, since: Callable[[np.ndarray], int | None], holds: np.ndarray) -> dict[str, int]:
        """Layers with the epoch that `since` returns for their column of `holds`, without those for which it is None.

        Args:
            since: `persists`, `first` or `mostly`.
            holds: (rows, tensors) bool.
        """
        columns = zip(self.layers, holds.T, strict=True)
        return {layer: epoch for layer, column in columns if (epoch := since(column)) is not None}

    def first(self, holds: np.ndarray) -> int | None:
        """The first recorded epoch in which `holds`, (rows,) bool, is true; None where it never is."""
        (rows,) = np.nonzero(holds)
        return int(self.epochs[rows[0]]) if len(rows) else None

    def mostly(self, holds: np.ndarray) -> int | None:
        """The first epoch in which `holds`, (rows,) bool, is true, if that is so in half of the epochs; else None."""
        return self.first(holds) if 2 * int(holds.sum()) >= len(holds) else None


def middle(values: np.ndarray) -> float:
    """Return the median of the finite values; NaN where there is none."""
    ordered = np.sort(values[np.isfinite(values)])
    count = len(ordered)
    # `np.median` does the same, and imports masked arrays for it: 20 ms of a script that diagnoses.
    return float((ordered[(count - 1) // 2] + ordered[count // 2]) / 2) if count else float("nan")


def largest(values: np.ndarray) -> float:
    """Return the largest finite value; NaN where there is none."""
    finite = values[np.isfinite(values)]
    return float(finite.max()) if len(finite) else float("nan")


def windows(values: np.ndarray, count: int) -> np.ndarray:
    """(count,) the medians of consecutive windows of equal length over the second half of `values`."""
    return np.array([middle(part) for part in np.array_split(values[len(values) // 2 :], count)])


def running_medians(values: np.ndarray, window: int) -> np.ndarray:
    """(epochs,) the median of the finite values in the `window` epochs that end with each; NaN where there is none."""
    finite = np.where(np.isfinite(values), values, np.nan)
    padded = np.concatenate([np.full(window - 1, np.nan), finite])
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(padded, window), axis=1)  # NaN comes last
    counts, rows = np.isfinite(ordered).sum(axis=1), np.arange(len(values))
    middles = (ordered[rows, np.maximum(counts - 1, 0) // 2] + ordered[rows, counts // 2]) / 2
    return np.where(counts > 0, middles, np.nan)
