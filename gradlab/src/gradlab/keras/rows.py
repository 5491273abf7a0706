"""GradientRows: the gradients of single batches, which wait until those of several records are measured together.

A step keeps a row of its gradients' entries, and nothing else. What is computed in each step is then one copy, and the
statistics of some hundred batches take NumPy little longer than those of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from gradlab.facts.wiring import MAX_FIRST_STEPS
from gradlab.keras.arrays import array
from gradlab.keras.backends import backend
from gradlab.keras.readings import Readings
from gradlab.keras.row_sums import Batches, RowLayout, Sums
from gradlab.keras.sums import Clip, norm_of
from gradlab.measurement.history import Tensor
from gradlab.watch.sampling import Sampling

# Numbers of a record's rows above which a compiled step adds up its gradients instead: 1 MB.
MAX_ENTRIES = 250_000
# Batches that wait where a step runs operation by operation, and the numbers of their gradients: 4 MB.
MAX_WAITING, MAX_WAITING_ENTRIES = 256, 1_000_000


def keeps_rows(tensors: Sequence[Tensor], batches: int | None) -> bool:
    """True if the gradients of each batch are kept, not added up: their rows are small beside what they are kept for.

    Args:
        tensors: the model's trainable tensors.
        batches: the batches of a record; None if they are unknown.
    """
    entries = sum(int(np.prod(each.shape, dtype=np.int64)) for each in tensors)
    if backend.IS_EAGER:
        return 2 * entries <= MAX_WAITING_ENTRIES
    width = entries + len(tensors) + 1
    return backend.WRITES_IN_PLACE and batches is not None and batches * width <= MAX_ENTRIES


@dataclass(frozen=True, eq=False)
class Row:
    """The gradients of a step that runs operation by operation.

    Attributes:
        in_record, place: the place of its batch in the record and in the training, counted from 0.
        values: (size,) on its device.
        present: (tensors,) True for those with a gradient.
        after: (1,) the norm after clipping; None if nothing clips.
    """

    in_record: int
    place: int
    values: Any
    present: np.ndarray
    after: Any


@dataclass(frozen=True, eq=False)
class TakenRows:
    """The rows of a record.

    Attributes:
        rows: single rows, or one flat array that ends with their number.
        entries: the numbers that they hold, about.
        sampling: the batches that count.
        has_histograms: True if the record has histograms of its gradients.
        before: the sums over earlier batches of the record; None if there are none.
    """

    rows: Any
    entries: int
    sampling: Sampling
    has_histograms: bool
    before: Sums | None


class GradientRows:
    """Rows of gradients, one for each batch of a record: in a variable that a compiled step updates, or in a list.

    In the variable a row has all entries of the gradients; for each tensor 1 if it has a gradient; and the norm after
    clipping, −1 if nothing clips.

    Args:
        tensors: the model's trainable tensors.
        batches: the batches of a record that a variable has rows for. Of more, the last takes the place of the one
            before.
        histograms_every: records from one with histograms of the gradients to the next; 0 for no histograms.
        sampling: the batches of a record that are measured; None for all of them.

    Attributes:
        sampling, variables: as those of `GradientSums`.
        first_steps, all_batches: likewise, as far as they were measured.
    """

    def __init__(
        self, tensors: Sequence[Tensor], batches: int, *, histograms_every: int = 0, sampling: Sampling | None = None
    ) -> None:
        self.sampling, self._histograms_every, self._max_batches = sampling, histograms_every, batches
        self._sizes = [int(np.prod(each.shape, dtype=np.int64)) for each in tensors]
        self._layout = RowLayout(self._sizes)
        self._width = self._layout.size + len(tensors) + 1
        self.variables: list[Any] = []
        if not backend.IS_EAGER:
            self._empty = np.zeros(batches * self._width + 1, np.float32)
            self._state = keras.Variable(self._empty, trainable=False, dtype="float32", name="gradient_rows")
            self.variables = [self._state]
        self._waiting: list[Row] = []
        self._before: Sums | None = None
        self._has_histograms = False
        self.all_batches = self._batch = self._calls = 0
        self.first_steps = np.zeros((0, 2), np.float32)

    def next(self) -> bool:
        """Begin a batch; return False if nothing of it is measured. A compiled step keeps all of them."""
        if not backend.IS_EAGER:
            return True
        self._batch += 1
        self._calls += 1
        return self._calls <= MAX_FIRST_STEPS or self.sampling is None or self.sampling.measures(self._batch - 1)

    def add(self, rows: Sequence[Any], clip: Clip | None = None) -> None:
        """Add a batch, inside the training step: see `GradientSums.add`."""
        sizes, order = self._sizes, self._layout.order
        flat = [ops.zeros((sizes[place],), "float32") if rows[place] is None else rows[place] for place in order]
        present, after = np.array([row is not None for row in rows]), norm_of(clip)
        if backend.IS_EAGER:
            self._waiting.append(Row(self._batch - 1, self._calls - 1, backend.flat(flat), present, after))
            if len(self._waiting) >= min(MAX_WAITING, max(1, MAX_WAITING_ENTRIES // self._layout.size)):
                self._before = self._sums([self._taken()])[0]
            return
        tail = [present.astype(np.float32), np.full(1, -1, np.float32) if after is None else after]
        row = backend.flat([*flat, *map(ops.convert_to_tensor, tail)])
        state = self._state.value
        begin = ops.cast(ops.minimum(state[-1], np.float32(self._max_batches - 1)), "int32") * self._width
        count = ops.reshape(state[-1] + 1.0, (1,))
        self._state.assign(ops.slice_update(ops.slice_update(state, [begin], row), [self._empty.size - 1], count))

    def take(self, record: int = 0, batches: int | None = None) -> TakenRows:
        """Return the rows of a record at its end, and begin the next one.

        Args:
            record: the number of the record that begins, which decides whether it has histograms.
            batches: the batches that it is expected to have; None for as many as before.
        """
        taken = self._taken()
        self._has_histograms = self._histograms_every > 0 and record % self._histograms_every == 0
        self.sampling = Sampling(batches) if batches is not None and self.sampling is not None else self.sampling
        self._batch = 0
        return taken

    def _taken(self) -> TakenRows:
        before, self._before = self._before, None
        if backend.IS_EAGER:
            rows, self._waiting = self._waiting, []
            entries = len(rows) * self._layout.size
        else:  # the step gets another array, and leaves this one as it is
            rows, entries = self._state.value, self._empty.size
            self._state.assign(backend.constants([self._empty])[0])
        return TakenRows(rows, entries, self.sampling or Sampling(), self._has_histograms, before)

    def readings(self) -> Readings:
        """Return the sums of the record so far, which begins anew without them in a compiled step."""
        self._before = self._sums([self._taken()])[0]
        return self._layout.readings([self._before])[0]

    def measured(self, taken: Sequence[TakenRows]) -> Sequence[Readings]:
        """Return the readings of records that were taken, in their order."""
        return self._layout.readings(self._sums(taken))

    def _sums(self, taken: Sequence[TakenRows]) -> list[Sums]:
        sums, steps = self._layout.sums([self._batches_of(each) for each in taken])
        new = steps[steps[:, 0] < MAX_FIRST_STEPS, 1:]
        if len(new):
            self.first_steps = np.concatenate([self.first_steps, new])
        return [each if one.before is None else one.before.add(each) for one, each in zip(taken, sums, strict=True)]

    def _batches_of(self, taken: TakenRows) -> Batches:
        if backend.IS_EAGER:
            rows, places, numbers = self._of_list(taken.rows)
            self.all_batches = self._calls
        else:
            flat = array(taken.rows)
            count = min(int(flat[-1]), self._max_batches)
            rows, numbers = flat[: count * self._width].reshape(count, self._width), np.arange(count)
            places = self.all_batches + numbers
            self.all_batches += int(flat[-1])
        counts = numbers % taken.sampling.every == 0
        kept = counts | (places < MAX_FIRST_STEPS)
        size = self._layout.size
        values, present, after = (part[kept] for part in (rows[:, :size], rows[:, size:-1] > 0, rows[:, -1]))
        return Batches(values, present, after, counts[kept], places[kept], taken.has_histograms)

    def _of_list(self, rows: Sequence[Row]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return single rows as those of the variable, with their places in the training and in the record."""
        places, numbers = (np.array([getattr(row, name) for row in rows], int) for name in ("place", "in_record"))
        if not rows:
            return np.zeros((0, self._width), np.float32), places, numbers
        values, present = array(ops.stack([row.values for row in rows])), np.array([row.present for row in rows])
        nothing = np.full(1, -1, np.float32)
        after = np.array([nothing if row.after is None else array(row.after) for row in rows])
        return np.concatenate([values, present, after], axis=1, dtype=np.float32), places, numbers
