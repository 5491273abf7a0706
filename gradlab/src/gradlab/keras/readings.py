"""Readings: the gradients of one record's batches, added up; and their statistics."""

from dataclasses import dataclass

import numpy as np

from gradlab.measurement.statistics import GRADIENT_STATISTICS, MEAN_GRADIENT_STATISTICS

MEANS = tuple(each.name for each in MEAN_GRADIENT_STATISTICS)
L2, MAX_ABS, NONFINITE = MEANS.index("l2"), MEANS.index("max_abs"), MEANS.index("nonfinite")
# The columns of the sums of norms: sums over the steps, and the number of steps.
BEFORE, AFTER, CLIPPED, STEPS = range(4)
# Share of its length by which a clipped gradient is shorter at least: more than the rounding of its norm.
MIN_CLIPPED = 1e-6


@dataclass(frozen=True, eq=False)
class Readings:
    """Sums over the batches of a record.

    Attributes:
        means: (tensors, statistics) the sums of those statistics that are means over the batches.
        counts: (tensors,) batches in which a tensor had a gradient.
        zero: (tensors,) batches in which its gradient was exactly 0.
        norms: (4,) the sums of the norms before and after clipping and of clipped batches, and the number of batches.
        union: (tensors, statistics) those statistics that are of all batches together; None if they are not kept.
        histograms: (tensors, bins) the counts in each bin; None without histograms.
    """

    means: np.ndarray
    counts: np.ndarray
    zero: np.ndarray
    norms: np.ndarray
    union: np.ndarray | None = None
    histograms: np.ndarray | None = None

    @property
    def batches(self) -> int:
        """Batches whose gradients were measured."""
        return int(self.norms[STEPS])

    def mean_statistics(self) -> np.ndarray | None:
        """Return the means over the batches, (tensors, statistics); None without a batch. NaN for no gradient."""
        counts = self.counts[:, None]
        if not counts.any():
            return None
        means: np.ndarray = np.where(counts > 0, self.means / np.maximum(counts, 1.0), np.float32(np.nan))
        return means

    def statistics(self) -> np.ndarray | None:
        """Return all statistics of gradients, (tensors, statistics); None without a batch. NaN for no gradient."""
        means = self.mean_statistics()
        if means is None or self.union is None:
            return None
        values = np.concatenate([means, np.where(np.isnan(means).all(axis=1)[:, None], np.nan, self.union)], axis=1)
        assert values.shape[1] == len(GRADIENT_STATISTICS)
        return values.astype(np.float32, copy=False)

    def norm_means(self) -> tuple[float, float, float]:
        """Return the mean norm before and after clipping, and the share of clipped batches; NaN without a batch."""
        with np.errstate(all="ignore"):
            means = self.norms[:STEPS] / self.norms[STEPS]
        return float(means[BEFORE]), float(means[AFTER]), float(means[CLIPPED])
