"""GradientRows: the gradients of steps in one flat buffer, and the sums of their statistics over each record.

A step writes one row. When the buffer is full, or somebody wants the sums, all statistics of its rows are computed
together, whatever records they belong to. Everything stays on the device.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch

from gradlab.facts.wiring import MAX_FIRST_STEPS
from gradlab.measurement.statistics import MEAN_GRADIENT_STATISTICS
from gradlab.torch import measure
from gradlab.torch.flows import stacked
from gradlab.torch.measure import FlatLayout
from gradlab.torch.sums import RecordCounts, StepNorms, Sums
from gradlab.watch.sampling import MAX_COUNTED

# Numbers in a buffer: 4 MB of float32. A small network's steps are measured hundreds at a time, a large one's singly.
MAX_ENTRIES, MAX_ROWS = 1_000_000, 512
# The record of steps of which nothing but the norms of the first steps is kept.
NOWHERE = -1
L2, ZERO_FRACTION, NONFINITE = (
    [each.name for each in MEAN_GRADIENT_STATISTICS].index(name) for name in ("l2", "zero_fraction", "nonfinite")
)


class _Step(NamedTuple):
    """A step that is not measured yet.

    Attributes:
        row, received: (size,) its gradients, and what the optimiser received.
        present: (tensors,) True for those with a gradient; None for all.
        weight: 1 for a step that was made, else 0; None for 1.
        record: its record.
    """

    row: torch.Tensor
    received: torch.Tensor
    present: np.ndarray | None
    weight: torch.Tensor | None
    record: int


class GradientRows:
    """The gradients of the steps of a training, record by record.

    Args:
        layout: the places of the tensors in a row.
        device: where the buffer is.
        dtype: its precision.

    Attributes:
        first: norms of the first steps, in parts.
        is_large: True if the buffer has one row, in the process's own memory.
    """

    def __init__(self, layout: FlatLayout, device: torch.device, dtype: torch.dtype) -> None:
        self.layout = layout
        self._max_rows = max(1, min(MAX_ROWS, MAX_ENTRIES // max(1, layout.size)))
        # On a graphics card the process would wait for the answer.
        self.is_large = self._max_rows == 1 and device.type == "cpu"
        self._one = torch.ones((), dtype=dtype, device=device)
        self._read = torch.zeros(layout.size, dtype=dtype, device=device)
        self._received: torch.Tensor | None = None
        self._read_present: np.ndarray | None = np.zeros(len(layout), bool)
        self.first: list[StepNorms] = []
        self._steps, self._sums = list[_Step](), dict[int, Sums]()
        self._with_histograms: set[int] = set()
        self._record = 0
        self._counts: np.ndarray | None = None
        self.begin(0, histograms=False)

    def begin(self, record: int, *, histograms: bool) -> None:
        """Begin a record. What was measured of earlier ones stays, until `forget`.

        Args:
            record: its number. Steps before the first record of all are dropped.
            histograms: True to count its gradients' entries in the bins of histograms.
        """
        self._record = record
        if histograms:
            self._with_histograms.add(record)
        self._complete, self._counts = 0, None

    def forget(self, record: int) -> None:
        """Forget the sums of a record."""
        self._sums.pop(record, None)
        self._with_histograms.discard(record)

    def counts(self) -> RecordCounts:
        """Return the counts of the record so far."""
        return RecordCounts(self._complete, self._counts)

    @property
    def last(self) -> torch.Tensor:
        """(size,) the gradients of the last backward pass, still multiplied by the loss scale."""
        return self._read

    @property
    def are_unchanged(self) -> bool:
        """True if the last step received what was read. To ask waits for the device."""
        received = self._received
        return received is self._read or (received is not None and torch.equal(self._read, received))

    def read(self, gradients: Sequence[torch.Tensor | None]) -> None:
        """Keep the gradients of a backward pass, in place of those of an earlier one before the same step."""
        row = None if self.is_large else self.layout.joined(gradients, self._one)
        if row is not None:
            self._read, self._read_present = row, None
            return
        # To write a large row anew takes a fifth of the time that a new one takes, with its memory.
        self._read = self.layout.copied(gradients, self._one, self._read if self.is_large else None)
        present = [gradient is not None for gradient in gradients]
        self._read_present = None if all(present) else np.array(present)

    def add(self, gradients: Sequence[torch.Tensor | None]) -> None:
        """Read the gradients of a step that nothing has changed since its backward pass, and count them."""
        self.read(gradients)
        if self._read_present is not None:
            self.commit(gradients)
            return
        self._complete += 1
        self._keep(_Step(self._read, self._read, None, None, self._record))

    def commit(
        self,
        gradients: Sequence[torch.Tensor | None],
        own: np.ndarray | None = None,
        *,
        unscale: torch.Tensor | None = None,
        still_scaled: bool = False,
        infinities: torch.Tensor | None = None,
        counts: bool = True,
        are_same: bool = False,
    ) -> None:
        """Count the gradients that were read last as those of a step.

        Args:
            gradients: as the optimiser receives them.
            own: (tensors,) True for the optimiser's own tensors; None for all.
            unscale: the factor that undoes the loss scale; None for 1.
            still_scaled: True if `gradients` are multiplied by the loss scale, too.
            infinities: above 0 if the optimiser is going to leave the step out.
            counts: False to keep nothing of it but its norms, if it is one of the first steps.
            are_same: True if nothing seems to have changed them since: those of a large model are not compared.
        """
        if own is None and unscale is None and infinities is None and self._commit_plain(gradients, counts):
            return
        row, present = self._read, self._read_present
        if own is None and present is None:
            self._complete += counts
        else:
            mine = np.ones(len(self.layout), bool) if own is None else own
            read = np.ones(len(self.layout), bool) if present is None else present
            if counts:
                counted = np.stack([mine, mine & ~read]).astype(int)
                self._counts = counted if self._counts is None else self._counts + counted
            present = mine & read
            gradients = [gradient if there else None for gradient, there in zip(gradients, present, strict=True)]
            if own is not None:
                row = row * self.layout.spread(torch.as_tensor(own, device=row.device)[None])[0]
        is_plain = own is None and present is None and unscale is None and self.is_large
        is_same = is_plain and (are_same or self._is_last(gradients))
        received = row if is_same else self.layout.flat(gradients, self._one)
        if unscale is not None:
            row = row * unscale
            received = received * unscale if still_scaled else received
        weight = None if infinities is None else (infinities == 0).to(self._one).reshape(())
        self._keep(_Step(row, received, present, weight, self._record if counts else NOWHERE))

    def _commit_plain(self, gradients: Sequence[torch.Tensor | None], counts: bool) -> bool:
        """Count a step of small gradients all of which are there, as most are; return False for another one."""
        received = None if self.is_large or self._read_present is not None else self.layout.joined(gradients, self._one)
        if received is None:
            return False
        self._complete += counts
        self._keep(_Step(self._read, received, None, None, self._record if counts else NOWHERE))
        return True

    def _keep(self, step: _Step) -> None:
        self._steps.append(step)
        # A second row of a large network is not kept.
        self._received = step.received if step.received is step.row or not self.is_large else None
        if len(self._steps) >= self._max_rows:
            self._flush()

    def _is_last(self, gradients: Sequence[torch.Tensor | None]) -> bool:
        """True if these are the gradients that were read last, to the bit. To compare takes less than a copy."""
        parts = self.layout.tensors(self._read)
        pairs = zip(parts, gradients, strict=True)
        return all(
            x is not None and x.layout == torch.strided and x.dtype == part.dtype and torch.equal(part, x.reshape(-1))
            for part, x in pairs
        )

    def sums(self, record: int | None = None) -> Sums | None:
        """Return the sums over the steps of a record, by default of the one that runs; None if there was none."""
        self._flush()
        return self._sums.get(self._record if record is None else record)

    def means(self, sums: Sums) -> torch.Tensor:
        """Return the gradients' statistics of several records: (records, tensors, statistics).

        A tensor without a gradient has NaN.
        """
        union = measure.unions(sums.seen, self.layout, sums.statistics.dtype)
        union = torch.where(sums.counts[..., None] > 0, union, float("nan"))
        return torch.cat([sums.statistics / sums.counts[..., None], union], dim=-1)  # 0/0 is NaN

    def _flush(self) -> None:
        if not self._steps:
            return
        steps, self._steps = self._steps, []
        of_rows, of_received, presents, weights, records = zip(*steps, strict=True)
        rows = stacked(of_rows)
        received = rows if of_received[0] is of_rows[0] and self.is_large else stacked(of_received)
        weight = torch.stack([self._one if each is None else each for each in weights])
        is_whole = all(each is None for each in (*weights, *presents))
        everywhere = np.ones(len(self.layout), bool)
        given = np.stack([everywhere if each is None else each for each in presents])
        counts = torch.as_tensor(given).to(rows.device) * weight[:, None]  # (rows, tensors)
        there = rows.bool()
        measured = measure.gradients(rows, self.layout, there)  # (rows, tensors, statistics)
        norms = self._norms(measured, rows, received, weight)
        if sum(len(each.weight) for each in self.first) < MAX_FIRST_STEPS:
            self.first.append(norms)
        names = sorted({*records})
        places = torch.tensor([names.index(each) for each in records], device=rows.device)
        add = _adder(places, len(names))
        together = torch.stack([norms.before, norms.after, norms.changed, norms.weight], dim=-1)
        sums = Sums(
            statistics=add(torch.where(counts[:, :, None] > 0, measured, 0.0)),
            counts=add(counts),
            zeros=add(((measured[:, :, ZERO_FRACTION] == 1) & (counts > 0)).to(rows.dtype)),
            seen=add(there if is_whole else there & (weight[:, None] > 0)),
            norms=add(torch.where(weight[:, None] > 0, together, 0.0)),
            bins=self._bins(rows, None if is_whole else counts, places, len(names))
            if self._with_histograms & {*names}
            else None,
        )
        for name, own in zip(names, sums.split(len(names)), strict=True):
            if name != NOWHERE:
                before = self._sums.get(name)
                self._sums[name] = own if before is None else before.add(own)

    def _norms(
        self, measured: torch.Tensor, rows: torch.Tensor, received: torch.Tensor, weight: torch.Tensor
    ) -> StepNorms:
        # Of the tensors' norms, which are computed with more care for large tensors than one sum over all entries.
        before = torch.linalg.vector_norm(measured[:, :, L2], dim=-1)
        if received is rows:
            none = torch.zeros_like(before)
            return StepNorms(before, before, none, measured[:, :, NONFINITE].sum(dim=-1), weight)
        received_l2 = self.layout.by_tensor(lambda g: torch.linalg.vector_norm(g, dim=-1), received)
        return StepNorms(
            before=before,
            after=torch.linalg.vector_norm(received_l2, dim=-1),
            changed=((rows != received) & ~(rows.isnan() & received.isnan())).any(dim=1).to(rows.dtype),
            nonfinite=measured[:, :, NONFINITE].sum(dim=-1),
            weight=weight,
        )

    def _bins(self, rows: torch.Tensor, counts: torch.Tensor | None, places: torch.Tensor, count: int) -> torch.Tensor:
        # NaN is in no bin: what had no gradient, and steps that were left out. None: there are none of them.
        real = rows if counts is None else torch.where(self.layout.spread(counts > 0), rows, float("nan"))
        return measure.histograms(real, self.layout, places, count, MAX_COUNTED)


def _adder(places: torch.Tensor, count: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return a function that adds up the rows of each place, (rows, ...) -> (count, ...); of booleans it is "or"."""

    def add(values: torch.Tensor) -> torch.Tensor:
        if len(values) == 1:
            return values
        of_numbers = values.to(torch.float32) if values.dtype == torch.bool else values
        sums = of_numbers.new_zeros(count, *values.shape[1:]).index_add_(0, places, of_numbers)
        return sums > 0 if values.dtype == torch.bool else sums

    return add
