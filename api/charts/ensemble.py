"""Several seeds as one picture: their median, their range, and where one of them is not finite."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Ensemble:
    """The same numbers of several seeds over the epochs.

    Attributes:
        seeds: one per run.
        epochs: (epochs,) the axis that all runs share.
        values: (seeds, epochs, columns) NaN after a run's last epoch.
        lengths: (seeds,) how many of the epochs each run has.
    """

    seeds: tuple[int, ...]
    epochs: np.ndarray
    values: np.ndarray
    lengths: np.ndarray

    @property
    def is_empty(self) -> bool:
        """Whether nothing is measured."""
        return not self.values.size

    @cached_property
    def _ordered(self) -> tuple[np.ndarray, np.ndarray]:
        """The finite values in order, NaN behind them, and (epochs, columns) how many of them there are."""
        finite = np.where(np.isfinite(self.values), self.values, np.nan).astype(np.float64)
        return np.sort(finite, axis=0), np.isfinite(finite).sum(axis=0)

    def _at(self, place: np.ndarray) -> np.ndarray:
        ordered, _ = self._ordered
        return np.asarray(np.take_along_axis(ordered, place[None], axis=0)[0])

    @cached_property
    def middle(self) -> np.ndarray:
        """(epochs, columns) the median of the finite values; NaN where there is none."""
        _, counts = self._ordered
        upper = np.minimum(counts // 2, len(self.seeds) - 1)
        return np.asarray((self._at(np.maximum(counts - 1, 0) // 2) + self._at(upper)) / 2)

    @property
    def low(self) -> np.ndarray:
        """(epochs, columns) the smallest of the finite values."""
        return self._at(np.zeros_like(self._ordered[1]))

    @property
    def high(self) -> np.ndarray:
        """(epochs, columns) the largest of them."""
        return self._at(np.maximum(self._ordered[1] - 1, 0))

    @cached_property
    def lost(self) -> np.ndarray:
        """(epochs, columns) whether a run that has come so far is not finite there."""
        recorded = np.arange(len(self.epochs)) < self.lengths[:, None]  # (seeds, epochs)
        return np.asarray((recorded[:, :, None] & ~np.isfinite(self.values)).any(axis=0))

    def only(self, columns: Sequence[int]) -> "Ensemble":
        """Some of the columns."""
        return Ensemble(self.seeds, self.epochs, self.values[:, :, list(columns)], self.lengths)

    def __str__(self) -> str:
        if len(self.seeds) == 1:
            return f"seed {self.seeds[0]}"
        if len(self.seeds) <= 4:
            return f"seeds {', '.join(map(str, self.seeds))}"
        return f"{len(self.seeds)} seeds, {self.seeds[0]} to {self.seeds[-1]}"
