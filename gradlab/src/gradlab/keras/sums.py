"""GradientSums: what a training step adds up of its gradients, in variables that the backend updates with the step."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from gradlab.keras import measure
from gradlab.keras.arrays import array
from gradlab.keras.backends import backend
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
# Batches that wait where a step runs operation by operation, and the numbers of their gradients: 4 MB.
MAX_WAITING, MAX_ENTRIES = 256, 1_000_000
# The columns of the sums of norms: sums over the steps, and the number of steps.
BEFORE, AFTER, CLIPPED, STEPS = range(4)


class GradientSums:
    """Sums over the batches of a record, as variables of Keras.

    They are two variables, one of numbers and one of booleans: what a backend does for each variable of a step would
    otherwise take longer than the sums. Where a step runs operation by operation, batches wait, and are measured
    together when their sums are read.

    Args:
        tensors: the model's trainable tensors.
        full: True to add norms, the first steps, and the entries that were ever different from 0.
        histograms_every: records from one with histograms of the gradients to the next; 0 for no histograms.

    Attributes:
        variables: all variables.
    """

    def __init__(self, tensors: Sequence[Tensor], *, full: bool = False, histograms_every: int = 0) -> None:
        self._tensors, self._full, self._histograms_every = tensors, full, histograms_every
        self._sizes = [int(np.prod(each.shape, dtype=np.int64)) for each in tensors]
        count = len(tensors)
        shapes: dict[str, tuple[int, ...]] = {"means": (count, len(MEANS)), "counts": (count,)}
        if full:
            shapes |= {"zero": (count,), "norms": (STEPS + 1,), "first": (FIRST_STEPS, 2), "step": ()}
        if histograms_every:
            shapes |= {"histograms": (count, len(BIN_NAMES)), "is_due": ()}
        self._shapes, ends = shapes, np.cumsum([int(np.prod(shape)) for shape in shapes.values()])
        self._ends = dict(zip(shapes, ends.tolist(), strict=True))
        # Explicit names: Keras numbers automatic names, so the training's own later variables would get other names.
        self._state = self._zeros("gradient_sums", (int(ends[-1]),), "float32")
        if full:
            self._seen = self._zeros("gradient_seen", (sum(self._sizes),), "bool")
        self.variables = [self._state, *([self._seen] if full else [])]
        self._waiting: list[tuple[Any, Any]] = []
        self._present: np.ndarray = np.zeros(count, bool)

    @staticmethod
    def _zeros(name: str, shape: tuple[int, ...], dtype: str) -> Any:
        return keras.Variable(np.zeros(shape, dtype), trainable=False, dtype=dtype, name=name)

    def _place(self, name: str) -> slice:
        end, size = self._ends[name], int(np.prod(self._shapes[name]))
        return slice(end - size, end)

    def _read(self, name: str) -> np.ndarray:
        """Return one of the sums, after the batches that wait."""
        self._measure_waiting()
        return array(self._state)[self._place(name)].reshape(self._shapes[name])

    @property
    def counts(self) -> np.ndarray:
        """(tensors,) batches in which a tensor had a gradient."""
        return self._read("counts")

    @property
    def zero(self) -> np.ndarray:
        """(tensors,) batches in which its gradient was exactly 0."""
        return self._read("zero")

    def add(self, rows: Sequence[Any], clipped: Sequence[Any] | None = None) -> None:
        """Add a batch, inside the training step.

        Args:
            rows: the gradient of each tensor, (1, *shape) float32; None for a tensor without one.
            clipped: the same after clipping; None if the optimiser does not clip.
        """
        after = None
        if clipped is not None:
            squares = [ops.sum(ops.square(each)) for each in clipped if each is not None]
            after = ops.reshape(xp.sqrt(ops.sum(ops.stack(squares))), (1,))
        if not backend.IS_EAGER:
            self._add(rows, after)
            return
        present = np.array([row is not None for row in rows])
        if self._waiting and (present != self._present).any():
            self._measure_waiting()
        self._present = present
        self._waiting.append((backend.flat([row for row in rows if row is not None]), after))
        if len(self._waiting) >= min(MAX_WAITING, MAX_ENTRIES // max(1, sum(self._sizes))):
            self._measure_waiting()

    def _measure_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        flat = ops.stack([row for row, _ in waiting])
        sizes = [size if present else 0 for size, present in zip(self._sizes, self._present, strict=True)]
        ends = np.cumsum(sizes)
        rows = [flat[:, end - size : end] if size else None for end, size in zip(ends, sizes, strict=True)]
        clipped = [after for _, after in waiting if after is not None]
        self._add(rows, ops.concatenate(clipped) if clipped else None)

    def _add(self, rows: Sequence[Any], after: Any) -> None:
        """Add batches: (batches, *shape) for each tensor, and their gradients' norm after clipping, if any clips."""
        present = np.array([row is not None for row in rows])
        batches = next(int(row.shape[0]) for row in rows if row is not None)
        statistics = measure.gradients(rows, few_passes=self._full)
        # A graph of TensorFlow divides by constants by their reciprocals, which are not exact: n/n is not always 1.
        is_zero = ops.equal(statistics[:, :, MAX_ABS], 0.0)
        ones = ops.logical_and(is_zero[:, :, None], IS_ZERO_FRACTION)
        statistics = ops.where(ones, ops.ones_like(statistics), statistics)
        zero = ops.cast(is_zero, "float32")
        if not present.all():
            statistics = ops.where(present[:, None], statistics, ops.zeros_like(statistics))
            zero = ops.where(present, zero, ops.zeros_like(zero))
        parts = {"means": ops.sum(statistics, axis=0), "counts": np.float32(batches) * present.astype(np.float32)}
        if self._full:
            parts |= {"zero": ops.sum(zero, axis=0), **self._norms(statistics, after)}
            seen = [
                ops.zeros((size,), "bool")
                if row is None
                else self._ever(measure.seen(ops.reshape(row, (batches, size))))
                for row, size in zip(rows, self._sizes, strict=True)
            ]
            self._seen.assign(ops.logical_or(self._seen.value, ops.concatenate(seen)))
        if self._histograms_every:
            parts |= {"histograms": self._counted(rows), "is_due": np.zeros(1, np.float32)}
        numbers = [ops.reshape(ops.convert_to_tensor(parts[name]), (-1,)) for name in self._shapes]
        self._state.assign_add(ops.concatenate(numbers))

    @staticmethod
    def _ever(seen: Any) -> Any:
        """True in any of the batches, (batches, size) -> (size,). Most often there is one, which needs no reduction."""
        return seen[0] if seen.shape[0] == 1 else ops.any(seen, 0)

    def _norms(self, statistics: Any, after: Any) -> dict[str, Any]:
        before = xp.sqrt(ops.sum(ops.square(statistics[:, :, MEANS.index("l2")]), axis=1))  # (batches,)
        changed = ops.zeros_like(before)
        if after is None:
            after = before
        else:
            # A clipped gradient is shorter, by more than the rounding of its norm.
            changed = ops.cast(ops.less(after, before * np.float32(1 - 1e-6)), "float32")
        norms = ops.stack([before, after, changed, ops.ones_like(before)], axis=1)
        steps = ops.add(self._state.value[self._place("step")], np.arange(before.shape[0], dtype=np.float32))
        here = ops.equal(np.arange(FIRST_STEPS, dtype=np.float32)[:, None], steps[None, :])  # (steps, batches)
        rows = ops.stack([before, ops.sum(statistics[:, :, NONFINITE], axis=1)], axis=1)
        first = ops.sum(ops.where(here[:, :, None], rows[None], ops.zeros_like(rows[None])), axis=1)
        return {"norms": ops.sum(norms, axis=0), "first": first, "step": np.full(1, before.shape[0], np.float32)}

    def _counted(self, rows: Sequence[Any]) -> Any:
        """The counts of the histograms, 0 in a record without them."""
        # How many entries each counted one stands for.
        factors = np.array([[size / max(1, -(-size // _stride(size)))] for size in self._sizes], np.float32)

        def counted() -> Any:
            return ops.sum(measure.histograms([_thinned(row) for row in rows]), axis=0) * factors

        if self._histograms_every == 1:
            return counted()
        is_due = ops.greater(self._state.value[self._place("is_due")][0], 0.0)
        return ops.cond(is_due, counted, lambda: ops.zeros(self._shapes["histograms"]))

    def clear(self, record: int = 0) -> None:
        """Reset what is summed over a record, not the first steps.

        Args:
            record: the number of the record that begins, which decides whether it has histograms.
        """
        self._measure_waiting()
        before, state = array(self._state), np.zeros(self._state.shape, np.float32)
        for name in ("first", "step") if self._full else ():
            state[self._place(name)] = before[self._place(name)]
        if self._histograms_every:
            state[self._place("is_due")] = record % self._histograms_every == 0
        self._state.assign(state)
        if self._full:
            self._seen.assign(np.zeros(self._seen.shape, bool))

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
        seen = np.split(array(self._seen), np.cumsum(self._sizes)[:-1])
        union = np.array(
            [[each.compute(row.astype(np.float32), np) for each in UNION_GRADIENT_STATISTICS] for row in seen],
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


def _stride(entries: int) -> int:
    return max(1, -(-entries // MAX_COUNTED))


def _thinned(row: Any) -> Any:
    """Return every k-th entry of a large gradient: (batches, n)."""
    if row is None:
        return None
    flat = ops.reshape(row, (row.shape[0], -1))
    return flat[:, :: _stride(flat.shape[1])]
