"""GradientSums: what a training step adds up of its gradients, in variables that the backend updates with the step."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from gradlab.facts.wiring import MAX_FIRST_STEPS
from gradlab.keras import measure
from gradlab.keras.arrays import array
from gradlab.keras.backends import backend
from gradlab.keras.namespace import xp
from gradlab.keras.readings import L2, MAX_ABS, MEANS, MIN_CLIPPED, NONFINITE, STEPS, Readings
from gradlab.measurement.history import Tensor
from gradlab.measurement.statistics import BIN_NAMES, UNION_GRADIENT_STATISTICS
from gradlab.measurement.statistics.gradients import MIN_LARGE
from gradlab.watch.sampling import MAX_COUNTED, Sampling, stride_of

# (statistics,) True for the share of entries that are 0.
IS_ZERO_FRACTION = np.array([name == "zero_fraction" for name in MEANS])
# Returns gradients as the optimiser clips them.
Clip = Callable[[], Sequence[Any]]


class GradientSums:
    """Sums over the batches of a record, as variables of Keras.

    They are few variables, one of numbers and one of booleans, and one more of booleans for each large tensor: what a
    backend does for each variable of a step would otherwise take longer than the sums.

    Args:
        tensors: the model's trainable tensors.
        full: True for norms, the first steps, and the entries that were ever different from 0.
        histograms_every: records from one with histograms of the gradients to the next; 0 for no histograms.
        sampling: the batches of a record that are measured; None for all of them.

    Attributes:
        sampling: as above. What is set counts from the next record on.
        variables: all variables of Keras that it needs.
        first_steps: (steps, 2) the gradient's norm and its number of non-finite entries in the first steps, as far as
            they were taken.
        all_batches: batches of the whole training whose gradients came to the optimiser, measured or not, likewise.
    """

    def __init__(
        self,
        tensors: Sequence[Tensor],
        *,
        full: bool = False,
        histograms_every: int = 0,
        sampling: Sampling | None = None,
    ) -> None:
        self._full, self._histograms_every, self.sampling = full, histograms_every, sampling
        self._sizes = [int(np.prod(each.shape, dtype=np.int64)) for each in tensors]
        count = len(tensors)
        self._shapes: dict[str, tuple[int, ...]] = {"means": (count, len(MEANS)), "counts": (count,)}
        if full:
            self._shapes |= {"zero": (count,), "norms": (STEPS + 1,), "first": (MAX_FIRST_STEPS, 2), "step": ()}
        if histograms_every:
            self._shapes |= {"histograms": (count, len(BIN_NAMES)), "is_due": ()}
        if sampling is not None:
            self._shapes |= {"until": (), "every": ()}
        ends = np.cumsum([int(np.prod(shape)) for shape in self._shapes.values()])
        self._ends = dict(zip(self._shapes, ends.tolist(), strict=True))
        state = np.zeros(int(ends[-1]), np.float32)
        self._begin(state)
        # Explicit names: Keras numbers automatic names, so the training's own later variables would get other names.
        self._state = keras.Variable(state, trainable=False, dtype="float32", name="gradient_sums")
        small = [place for place, size in enumerate(self._sizes) if size < MIN_LARGE]
        large = [[place] for place, size in enumerate(self._sizes) if size >= MIN_LARGE]
        self._groups = [each for each in (small, *large) if each] if full else []
        self._seen = [self._unseen(sum(self._sizes[place] for place in group)) for group in self._groups]
        self.variables = [self._state, *self._seen]
        self.first_steps = np.zeros((0, 2), np.float32)
        self.all_batches = self._batch = self._calls = 0
        self._counts = True

    @staticmethod
    def _unseen(size: int) -> Any:
        return keras.Variable(np.zeros(size, bool), trainable=False, dtype="bool", name="gradient_seen")

    def _begin(self, state: np.ndarray) -> None:
        """Set how often a batch of a record is measured, from the first one on."""
        if self.sampling is not None:
            state[self._place("every")] = self.sampling.every

    def _place(self, name: str) -> slice:
        end, size = self._ends[name], int(np.prod(self._shapes[name]))
        return slice(end - size, end)

    def _part(self, state: np.ndarray, name: str) -> np.ndarray:
        return state[self._place(name)].reshape(self._shapes[name])

    def readings(self) -> Readings:
        """Return the sums so far."""
        return self._readings_of(array(self._state).copy())

    def _readings_of(self, state: np.ndarray) -> Readings:
        zeros = np.zeros(len(self._sizes), np.float32)
        return Readings(
            means=self._part(state, "means"),
            counts=self._part(state, "counts"),
            zero=self._part(state, "zero") if self._full else zeros,
            norms=self._part(state, "norms") if self._full else np.zeros(STEPS + 1, np.float32),
            union=self._union() if self._full else None,
            histograms=self._part(state, "histograms") if self._histograms_every else None,
        )

    def _union(self) -> np.ndarray:
        values = np.zeros((len(self._sizes), len(UNION_GRADIENT_STATISTICS)), np.float32)
        for group, variable in zip(self._groups, self._seen, strict=True):
            parts = np.split(array(variable), np.cumsum([self._sizes[place] for place in group])[:-1])
            for place, part in zip(group, parts, strict=True):
                values[place] = [each.compute(part.astype(np.float32), np) for each in UNION_GRADIENT_STATISTICS]
        return values

    def take(self, record: int = 0, batches: int | None = None) -> Readings:
        """Return the sums of a record at its end, and begin the next one.

        Args:
            record: the number of the record that begins, which decides whether it has histograms.
            batches: the batches that it is expected to have; None for as many as before.
        """
        before = array(self._state).copy()
        readings, state = self._readings_of(before), np.zeros_like(before)
        if self._full:
            for name in ("first", "step"):
                state[self._place(name)] = before[self._place(name)]
            steps = int(self._part(state, "step"))
            self.first_steps = self._part(state, "first")[:steps]
            self.all_batches = self._calls if backend.IS_EAGER else steps
        if self._histograms_every:
            state[self._place("is_due")] = record % self._histograms_every == 0
        self.sampling = Sampling(batches) if batches is not None and self.sampling is not None else self.sampling
        self._batch = 0
        self._begin(state)
        self._state.assign(state)
        for variable in self._seen:
            variable.assign(np.zeros(variable.shape, bool))
        return readings

    def measured(self, taken: Sequence[Readings]) -> Sequence[Readings]:
        """Return the readings of records that were taken, which these already are."""
        return taken

    def next(self) -> bool:
        """Begin a batch; return False if nothing of it is measured. A compiled step decides by itself."""
        if self.sampling is None or not backend.IS_EAGER:
            return True
        self._counts = self.sampling.measures(self._batch)
        self._batch += 1
        self._calls += 1
        return self._counts or self._calls <= MAX_FIRST_STEPS

    def add(self, rows: Sequence[Any], clip: Clip | None = None) -> None:
        """Add a batch, inside the training step.

        Args:
            rows: the gradient of each tensor, (1, *shape) float32; None for a tensor without one.
            clip: returns the same after clipping; None if the optimiser does not clip.
        """
        if self.sampling is None:
            self._assign(*self._added(rows, norm_of(clip), None))
        elif backend.IS_EAGER:
            counts = ops.convert_to_tensor(np.full(1, self._counts, np.float32))
            self._assign(*self._added(rows, norm_of(clip), counts))
        else:
            self._assign(*self._sampled(rows, clip))

    def _assign(self, numbers: Any, seen: Sequence[Any]) -> None:
        self._state.assign_add(numbers)
        for variable, each in zip(self._seen, seen, strict=True):
            variable.assign(each)

    def _sampled(self, rows: Sequence[Any], clip: Clip | None) -> tuple[Any, Sequence[Any]]:
        """Measure a batch if its turn has come, or if it is one of the first of the training."""
        state, before = self._state.value, [each.value for each in self._seen]
        until, every, step = (state[self._place(name)][0] for name in ("until", "every", "step"))
        counts = ops.equal(until, 0.0)
        is_first = ops.less(step, float(MAX_FIRST_STEPS))

        def added() -> tuple[Any, list[Any]]:
            return self._added(rows, norm_of(clip), ops.reshape(ops.cast(counts, "float32"), (1,)))

        step_alone, turn = (np.zeros(state.shape[0], np.float32) for _ in range(2))
        step_alone[self._place("step")], turn[self._place("until")] = 1.0, 1.0
        nothing = ops.convert_to_tensor(step_alone)
        numbers, seen = ops.cond(ops.logical_or(counts, is_first), added, lambda: (nothing, before))
        return numbers + turn * ops.where(counts, every - 1.0, -ops.ones_like(every)), seen

    def _added(self, rows: Sequence[Any], after: Any, counts: Any) -> tuple[Any, list[Any]]:
        """Return what batches add to the state, and the entries that were ever different from 0 with them.

        Args:
            rows: (batches, *shape) for each tensor.
            after: (batches,) their gradients' norm after clipping; None if nothing clips.
            counts: (batches,) 0 for a batch of which only what is kept of the first steps counts, else 1; None for 1.
        """
        present = np.array([row is not None for row in rows])
        batches = next(int(row.shape[0]) for row in rows if row is not None)
        statistics = measure.gradients(rows, few_passes=self._full)
        # A graph of TensorFlow divides by constants by their reciprocals, which are not exact: n/n is not always 1.
        is_zero = ops.equal(statistics[:, :, MAX_ABS], 0.0)
        ones = ops.logical_and(is_zero[:, :, None], IS_ZERO_FRACTION)
        statistics = ops.where(ones, ops.ones_like(statistics), statistics)
        if not present.all():
            statistics = ops.where(present[:, None], statistics, ops.zeros_like(statistics))
            is_zero = ops.logical_and(is_zero, present)
        count: Any = np.float32(batches) if counts is None else ops.sum(counts)
        parts = {"means": ops.sum(_counted(statistics, counts), axis=0), "counts": count * np.float32(present)}
        seen: list[Any] = []
        if self._full:
            parts["zero"] = ops.sum(_counted(ops.cast(is_zero, "float32"), counts), axis=0)
            parts |= self._norms(statistics, after, counts)
            seen = self._seen_with(rows, batches, counts)
        if self._histograms_every:
            parts |= {"histograms": self._binned(rows, counts), "is_due": np.zeros(1, np.float32)}
        if self.sampling is not None:
            parts |= {name: np.zeros(1, np.float32) for name in ("until", "every")}
        numbers = [ops.reshape(ops.convert_to_tensor(parts[name]), (-1,)) for name in self._shapes]
        return ops.concatenate(numbers), seen

    def _seen_with(self, rows: Sequence[Any], batches: int, counts: Any) -> list[Any]:
        """Return the entries that were ever different from 0, with those of further batches."""

        def ever(place: int) -> Any:
            size, row = self._sizes[place], rows[place]
            if row is None:
                return ops.zeros((size,), "bool")
            seen = ops.cast(ops.reshape(row, (batches, size)), "bool")  # True where not 0, also for NaN
            if counts is not None:
                seen = ops.logical_and(seen, ops.greater(counts, 0.0)[:, None])
            return seen[0] if batches == 1 else ops.any(seen, 0)

        joined = [[ever(place) for place in group] for group in self._groups]
        new = [each[0] if len(each) == 1 else ops.concatenate(each) for each in joined]
        return [ops.logical_or(variable.value, each) for variable, each in zip(self._seen, new, strict=True)]

    def _norms(self, statistics: Any, after: Any, counts: Any) -> dict[str, Any]:
        before = xp.sqrt(ops.sum(ops.square(statistics[:, :, L2]), axis=1))  # (batches,)
        changed = ops.zeros_like(before)
        if after is None:
            after = before
        else:
            changed = ops.cast(ops.less(after, before * np.float32(1 - MIN_CLIPPED)), "float32")
        norms = ops.stack([before, after, changed, ops.ones_like(before)], axis=1)
        steps = ops.add(self._state.value[self._place("step")], np.arange(before.shape[0], dtype=np.float32))
        here = ops.equal(np.arange(MAX_FIRST_STEPS, dtype=np.float32)[:, None], steps[None, :])  # (steps, batches)
        rows = ops.stack([before, ops.sum(statistics[:, :, NONFINITE], axis=1)], axis=1)
        first = ops.sum(ops.where(here[:, :, None], rows[None], ops.zeros_like(rows[None])), axis=1)
        count = np.full(1, before.shape[0], np.float32)
        return {"norms": ops.sum(_counted(norms, counts), axis=0), "first": first, "step": count}

    def _binned(self, rows: Sequence[Any], counts: Any) -> Any:
        """The counts of the histograms, 0 in a record without them."""

        def counted() -> Any:
            # How many entries each counted one stands for.
            factors = np.array(
                [[size / max(1, -(-size // stride_of(size, MAX_COUNTED)))] for size in self._sizes], np.float32
            )
            of_each = measure.histograms([_thinned(row) for row in rows], few_passes=True)
            return ops.sum(_counted(of_each, counts), axis=0) * factors

        if self._histograms_every == 1:
            return counted()
        is_due = ops.greater(self._state.value[self._place("is_due")][0], 0.0)
        return ops.cond(is_due, counted, lambda: ops.zeros(self._shapes["histograms"]))


def norm_of(clip: Clip | None) -> Any:
    """Return the norm of a batch's gradients after clipping, (1,); None if nothing clips."""
    if clip is None:
        return None
    squares = [ops.sum(ops.square(each)) for each in clip() if each is not None]
    return ops.reshape(xp.sqrt(ops.sum(ops.stack(squares))), (1,))


def _counted(values: Any, counts: Any) -> Any:
    """Return (batches, ...) with zeros in place of batches that do not count, also of NaN."""
    if counts is None:
        return values
    counts = ops.reshape(counts, (-1, *(1,) * (len(values.shape) - 1)))
    return ops.where(ops.greater(counts, 0.0), values, ops.zeros_like(values))


def _thinned(row: Any) -> Any:
    """Return every k-th entry of a large gradient: (batches, n)."""
    if row is None:
        return None
    flat = ops.reshape(row, (row.shape[0], -1))
    return flat[:, :: stride_of(flat.shape[1], MAX_COUNTED)]
