"""Statistics over seeds: median, range, and places where a value is not finite."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Values of several seeds over the epochs.

    Attributes:
        seeds: the seed of each run.
        epochs: (epochs,) the axis that all runs share.
        values: (seeds, epochs, columns) NaN after a run's last epoch.
        lengths: (seeds,) number of epochs of each run.
    """

    seeds: tuple[int, ...]
    epochs: np.ndarray
    values: np.ndarray
    lengths: np.ndarray

    @property
    def is_empty(self) -> bool:
        """True if there are no values."""
        return not self.values.size

    @cached_property
    def _ordered(self) -> tuple[np.ndarray, np.ndarray]:
        """Finite values sorted over the seeds, followed by NaN; and their number, (epochs, columns)."""
        finite = np.where(np.isfinite(self.values), self.values, np.nan).astype(np.float64)
        return np.sort(finite, axis=0), np.isfinite(finite).sum(axis=0)

    def _at(self, rank: np.ndarray) -> np.ndarray:
        ordered, _ = self._ordered
        return np.asarray(np.take_along_axis(ordered, rank[None], axis=0)[0])

    @cached_property
    def middle(self) -> np.ndarray:
        """Median of the finite values, (epochs, columns); NaN if there is none."""
        _, counts = self._ordered
        upper = np.minimum(counts // 2, len(self.seeds) - 1)
        return np.asarray((self._at(np.maximum(counts - 1, 0) // 2) + self._at(upper)) / 2)

    @property
    def low(self) -> np.ndarray:
        """Minimum of the finite values, (epochs, columns)."""
        return self._at(np.zeros_like(self._ordered[1]))

    @property
    def high(self) -> np.ndarray:
        """Maximum of the finite values, (epochs, columns)."""
        return self._at(np.maximum(self._ordered[1] - 1, 0))

    @cached_property
    def lost(self) -> np.ndarray:
        """True where a run has recorded a value that is not finite, (epochs, columns)."""
        recorded = np.arange(len(self.epochs)) < self.lengths[:, None]  # (seeds, epochs)
        return np.asarray((recorded[:, :, None] & ~np.isfinite(self.values)).any(axis=0))

    def only(self, columns: Sequence[int]) -> "Ensemble":
        """Select columns."""
        return Ensemble(self.seeds, self.epochs, self.values[:, :, list(columns)], self.lengths)

    def __str__(self) -> str:
        if len(self.seeds) == 1:
            return f"seed {self.seeds[0]}"
        if len(self.seeds) <= 4:
            return f"seeds {', '.join(map(str, self.seeds))}"
        return f"{len(self.seeds)} seeds, {self.seeds[0]} to {self.seeds[-1]}"
