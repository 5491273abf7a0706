"""Readings: the statistics of a record's gradients, from what was added up of its batches."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from gradlab.facts.wiring import MAX_FIRST_STEPS
from gradlab.measurement.history import Tensor
from gradlab.measurement.statistics import (
    BIN_NAMES,
    GRADIENT_STATISTICS,
    MEAN_GRADIENT_STATISTICS,
    UNION_GRADIENT_STATISTICS,
)

MEANS = tuple(each.name for each in MEAN_GRADIENT_STATISTICS)
L2, MAX_ABS, NONFINITE = MEANS.index("l2"), MEANS.index("max_abs"), MEANS.index("nonfinite")
# The columns of the sums of norms: sums over the steps, and the number of steps.
BEFORE, AFTER, CLIPPED, STEPS = range(4)
# Share of its length by which a clipped gradient is shorter at least: more than the rounding of its norm.
MIN_CLIPPED = 1e-6


class Readings(ABC):
    """Statistics of a record's gradients, read at its end. A subclass adds the gradients up.

    Args:
        tensors: the model's trainable tensors.
        full: True for norms, the first steps, and the entries that were ever different from 0.
        histograms_every: records from one with histograms of the gradients to the next; 0 for no histograms.
    """

    def __init__(self, tensors: Sequence[Tensor], *, full: bool = False, histograms_every: int = 0) -> None:
        self._tensors, self._full, self._histograms_every = tensors, full, histograms_every
        self._sizes = [int(np.prod(each.shape, dtype=np.int64)) for each in tensors]
        count = len(tensors)
        self._shapes: dict[str, tuple[int, ...]] = {"means": (count, len(MEANS)), "counts": (count,)}
        if full:
            self._shapes |= {"zero": (count,), "norms": (STEPS + 1,), "first": (MAX_FIRST_STEPS, 2), "step": ()}
        if histograms_every:
            self._shapes["histograms"] = (count, len(BIN_NAMES))

    @abstractmethod
    def _read(self, name: str) -> np.ndarray:
        """Return one of the sums: an array of its shape."""

    @abstractmethod
    def _ever(self) -> Sequence[np.ndarray]:
        """Return for each tensor (n,), True for the entries whose gradient was once not 0."""

    @property
    def counts(self) -> np.ndarray:
        """(tensors,) batches in which a tensor had a gradient."""
        return self._read("counts")

    @property
    def zero(self) -> np.ndarray:
        """(tensors,) batches in which its gradient was exactly 0."""
        return self._read("zero")

    @property
    def batches(self) -> int:
        """Batches of the record whose gradients were measured."""
        return int(self._read("norms")[STEPS])

    @property
    def all_batches(self) -> int:
        """Batches of the whole training whose gradients came to the optimiser, measured or not."""
        return int(self._read("step"))

    def mean_statistics(self) -> np.ndarray | None:
        """Return the means over the batches, (tensors, statistics); None without a batch. NaN for no gradient."""
        sums, counts = self._read("means"), self.counts[:, None]
        if not counts.any():
            return None
        means: np.ndarray = np.where(counts > 0, sums / np.maximum(counts, 1.0), np.float32(np.nan))
        return means

    def statistics(self) -> np.ndarray | None:
        """Return all statistics of gradients, (tensors, statistics); None without a batch. NaN for no gradient."""
        means = self.mean_statistics()
        if means is None:
            return None
        union = np.array(
            [[each.compute(row.astype(np.float32), np) for each in UNION_GRADIENT_STATISTICS] for row in self._ever()],
            np.float32,
        ).reshape(len(self._tensors), -1)
        union[np.isnan(means).all(axis=1)] = np.nan
        values = np.concatenate([means, union], axis=1)
        assert values.shape[1] == len(GRADIENT_STATISTICS)
        return values

    def norm_means(self) -> tuple[float, float, float]:
        """Return the mean norm before and after clipping, and the share of clipped batches; NaN without a batch."""
        sums = self._read("norms")
        with np.errstate(all="ignore"):
            means = sums[:STEPS] / sums[STEPS]
        return float(means[BEFORE]), float(means[AFTER]), float(means[CLIPPED])

    def first_steps(self) -> np.ndarray:
        """Return the gradient's norm and its number of non-finite entries in the first steps: (steps, 2)."""
        return self._read("first")[: int(self._read("step"))]

    def histogram_counts(self) -> np.ndarray:
        """Return the counts in each bin over all batches: (tensors, bins)."""
        return self._read("histograms")
