"""GradientSums: what a training step adds up of its gradients, in variables that the backend updates with the step."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from gradlab.keras import measure
from gradlab.keras.arrays import array
from gradlab.keras.namespace import xp
from gradlab.measurement.history import Tensor
from gradlab.measurement.statistics import (
    BIN_NAMES,
    GRADIENT_STATISTICS,
    MEAN_GRADIENT_STATISTICS,
    UNION_GRADIENT_STATISTICS,
)

MEANS = tuple(each.name for each in MEAN_GRADIENT_STATISTICS)
MAX_ABS, NONFINITE = MEANS.index("max_abs"), MEANS.index("nonfinite")
# (statistics,) True for the share of entries that are 0.
IS_ZERO_FRACTION = np.array([name == "zero_fraction" for name in MEANS])
# Steps that are recorded singly.
FIRST_STEPS = 20
# Entries of a tensor that a histogram counts. A bin's share among so many has a standard error of 0.2 %, and counting
# all entries of a large tensor would take longer than the step.
MAX_COUNTED = 65_536
# The columns of `GradientSums.norms`: sums over the steps, and the number of steps.
BEFORE, AFTER, CLIPPED, STEPS = range(4)


class GradientSums:
    """Sums over the batches of a record, as variables of Keras.

    Args:
        tensors: the model's trainable tensors.
        full: True to add norms, the first steps, and the entries that were ever different from 0.
        histograms_every: records from one with histograms of the gradients to the next; 0 for no histograms.

    Attributes:
        variables: all variables.
        means: (tensors, statistics) sums of the statistics that are means over the batches.
        counts: (tensors, 1) batches in which a tensor had a gradient.
        zero: (tensors, 1) batches in which its gradient was exactly 0.
    """

    def __init__(self, tensors: Sequence[Tensor], *, full: bool = False, histograms_every: int = 0) -> None:
        self._tensors, self._full, self._histograms_every = tensors, full, histograms_every
        self.variables: list[Any] = []
        # Explicit names: Keras numbers automatic names, so the training's own later variables would get other names.
        self.means = self._zeros("gradient_sums", (len(tensors), len(MEANS)))
        self.counts = self._zeros("gradient_counts", (len(tensors), 1))
        if full:
            self.zero = self._zeros("gradient_zeros", (len(tensors), 1))
            self.norms = self._zeros("gradient_norms", (STEPS + 1,))
            self.first = self._zeros("gradient_first_steps", (FIRST_STEPS, 2))
            self.step = self._zeros("gradient_steps", ())
            self.seen = [
                self._zeros(f"gradient_seen_{place}", (int(np.prod(each.shape, dtype=np.int64)),), "bool")
                for place, each in enumerate(tensors)
            ]
        if histograms_every:
            self.histograms = self._zeros("gradient_histograms", (len(tensors), len(BIN_NAMES)))
        if histograms_every > 1:
            self.is_due = self._zeros("gradient_histograms_due", ())

    def _zeros(self, name: str, shape: tuple[int, ...], dtype: str = "float32") -> Any:
        variable = keras.Variable(np.zeros(shape, dtype), trainable=False, dtype=dtype, name=name)
        self.variables.append(variable)
        return variable

    def add(self, rows: Sequence[Any], clipped: Sequence[Any] | None = None) -> None:
        """Add a batch, inside the training step.

        Args:
            rows: the gradient of each tensor, (1, *shape) float32; None for a tensor without one.
            clipped: the same after clipping; None if the optimiser does not clip.
        """
        present = np.array([[row is not None] for row in rows])
        statistics = measure.gradients(rows)[0]
        # A graph of TensorFlow divides by constants by their reciprocals, which are not exact: n/n is not always 1.
        is_zero = ops.equal(statistics[:, MAX_ABS : MAX_ABS + 1], 0.0)
        statistics = ops.where(ops.logical_and(is_zero, IS_ZERO_FRACTION), ops.ones_like(statistics), statistics)
        zero = ops.cast(is_zero, "float32")
        if not present.all():
            statistics = ops.where(present, statistics, ops.zeros_like(statistics))
        self.means.assign_add(statistics)
        self.counts.assign_add(present.astype(np.float32))
        if self._full:
            self.zero.assign_add(ops.where(present, zero, ops.zeros_like(zero)))
            self._add_norms(statistics, clipped)
            for row, seen in zip(rows, self.seen, strict=True):
                if row is not None:
                    seen.assign(ops.logical_or(seen.value, measure.seen(ops.reshape(row, (-1,)))))
        if self._histograms_every:
            self._add_histograms(rows)

    def _add_norms(self, statistics: Any, clipped: Sequence[Any] | None) -> None:
        norms = statistics[:, MEANS.index("l2")]
        before = after = xp.sqrt(ops.sum(ops.square(norms)))
        changed = ops.zeros_like(before)
        if clipped is not None:
            squares = [ops.sum(ops.square(each)) for each in clipped if each is not None]
            after = xp.sqrt(ops.sum(ops.stack(squares)))
            # A clipped gradient is shorter, by more than the rounding of its norm.
            changed = ops.cast(ops.less(after, before * np.float32(1 - 1e-6)), "float32")
        self.norms.assign_add(ops.stack([before, after, changed, ops.ones_like(before)]))
        here = ops.cast(ops.equal(np.arange(FIRST_STEPS, dtype=np.float32), self.step.value), "float32")[:, None]
        row = ops.stack([before, ops.sum(statistics[:, NONFINITE])])
        self.first.assign(ops.where(ops.equal(here, 1.0), row[None, :], self.first.value))
        self.step.assign_add(1.0)

    def _add_histograms(self, rows: Sequence[Any]) -> None:
        sizes = [int(np.prod(each.shape, dtype=np.int64)) for each in self._tensors]
        # How many entries each counted one stands for.
        factors = np.array([[size / max(1, -(-size // _stride(size)))] for size in sizes], np.float32)

        def counted() -> Any:
            return measure.histograms([_thinned(row) for row in rows])[0] * factors

        if self._histograms_every == 1:
            self.histograms.assign_add(counted())
            return
        self.histograms.assign_add(
            ops.cond(ops.greater(self.is_due.value, 0.0), counted, lambda: ops.zeros(self.histograms.shape))
        )

    def clear(self, record: int = 0) -> None:
        """Reset what is summed over a record, not the first steps.

        Args:
            record: the number of the record that begins, which decides whether it has histograms.
        """
        kept = (self.first, self.step) if self._full else ()
        for variable in self.variables:
            if not any(variable is each for each in kept):
                variable.assign(np.zeros(variable.shape, variable.dtype))
        if self._histograms_every > 1:
            self.is_due.assign(float(record % self._histograms_every == 0))

    def mean_statistics(self) -> np.ndarray | None:
        """Return the means over the batches, (tensors, statistics); None without a batch. NaN for no gradient."""
        sums, counts = array(self.means), array(self.counts)
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
            [
                [each.compute(array(seen).astype(np.float32), np) for each in UNION_GRADIENT_STATISTICS]
                for seen in self.seen
            ],
            np.float32,
        ).reshape(len(self._tensors), -1)
        union[np.isnan(means).all(axis=1)] = np.nan
        values = np.concatenate([means, union], axis=1)
        assert values.shape[1] == len(GRADIENT_STATISTICS)
        return values

    def norm_means(self) -> tuple[float, float, float]:
        """Return the mean norm before and after clipping, and the share of clipped batches; NaN without a batch."""
        sums = array(self.norms)
        with np.errstate(all="ignore"):
            means = sums[:STEPS] / sums[STEPS]
        return float(means[BEFORE]), float(means[AFTER]), float(means[CLIPPED])

    def first_steps(self) -> np.ndarray:
        """Return the gradient's norm and its number of non-finite entries in the first steps: (steps, 2)."""
        return array(self.first)[: int(array(self.step))]

    def histogram_counts(self) -> np.ndarray:
        """Return the counts in each bin over all batches: (tensors, bins)."""
        return array(self.histograms)


def _stride(entries: int) -> int:
    return max(1, -(-entries // MAX_COUNTED))


def _thinned(row: Any) -> Any:
    """Return every k-th entry of a large gradient: (1, n)."""
    if row is None:
        return None
    flat = ops.reshape(row, (1, -1))
    return flat[:, :: _stride(flat.shape[1])]
