"""GradientRows: the gradients of a record's steps in one flat buffer, and the sums of their statistics.

A step writes one row. When the buffer is full, all statistics of its rows are computed together and added to the sums,
which stay on the device until the record ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from gradlab.measurement.statistics import MEAN_GRADIENT_STATISTICS
from gradlab.torch import measure
from gradlab.torch.measure import FlatLayout

# Numbers in a buffer: 4 MB of float32. A small network's steps are measured hundreds at a time, a large one's singly.
MAX_ENTRIES, MAX_ROWS = 1_000_000, 256
L2, ZERO_FRACTION, NONFINITE = (
    [each.name for each in MEAN_GRADIENT_STATISTICS].index(name) for name in ("l2", "zero_fraction", "nonfinite")
)


@dataclass(frozen=True, eq=False)
class StepNorms:
    """Measurements of single steps, on the device: (steps,) each.

    Attributes:
        before: the norm of all gradients together, before clipping.
        after: the same as the optimiser received it.
        changed: 1 where clipping changed a gradient, else 0.
        nonfinite: the number of NaN and infinite entries.
        weight: 1 for a step that was made, 0 for one that the optimiser left out because of infinite gradients.
    """

    before: torch.Tensor
    after: torch.Tensor
    changed: torch.Tensor
    nonfinite: torch.Tensor
    weight: torch.Tensor


@dataclass(eq=False)
class Sums:
    """Sums over the steps of a record, on the device.

    Attributes:
        statistics: (tensors, statistics).
        counts: (tensors,) the steps in which the tensor had a gradient.
        zeros: (tensors,) the steps in which its gradient was exactly 0 everywhere.
        seen: (size,) True for entries whose gradient was once not 0.
        bins: (tensors, bins) counts of the histograms; None if they are not kept.
    """

    statistics: torch.Tensor
    counts: torch.Tensor
    zeros: torch.Tensor
    seen: torch.Tensor
    bins: torch.Tensor | None

    def add(self, other: "Sums") -> None:
        """Add the sums of later steps."""
        self.statistics += other.statistics
        self.counts += other.counts
        self.zeros += other.zeros
        self.seen |= other.seen
        if self.bins is not None and other.bins is not None:
            self.bins += other.bins


@dataclass(eq=False)
class _Steps:
    """Steps that are not measured yet: for each, its row, what the optimiser received, and more.

    Attributes:
        rows, received: (size,) each.
        present: (tensors,) True for those with a gradient; None for all.
        weights: 1 for a step that was made, else 0; None for 1.
    """

    rows: list[torch.Tensor] = field(default_factory=list)
    received: list[torch.Tensor] = field(default_factory=list)
    present: list[np.ndarray | None] = field(default_factory=list)
    weights: list[torch.Tensor | None] = field(default_factory=list)


class GradientRows:
    """The gradients of the steps since `clear`.

    Args:
        layout: the places of the tensors in a row.
        device: where the buffer is.
        dtype: its precision.

    Attributes:
        norms: of the steps so far, in parts.
        keeps_histograms: True to count the gradients' entries in the bins of histograms.
    """

    def __init__(self, layout: FlatLayout, device: torch.device, dtype: torch.dtype) -> None:
        self.layout = layout
        self._max_rows = max(1, min(MAX_ROWS, MAX_ENTRIES // max(1, layout.size)))
        self._one = torch.ones((), dtype=dtype, device=device)
        self._read = torch.zeros(layout.size, dtype=dtype, device=device)
        self._read_present: np.ndarray | None = np.zeros(len(layout), bool)
        self.keeps_histograms = False
        self.clear()

    def clear(self) -> None:
        """Begin a record."""
        self._steps = _Steps()
        self._sums: Sums | None = None
        self.norms: list[StepNorms] = []
        self._complete = 0
        self._batches, self._missing = np.zeros(len(self.layout), int), np.zeros(len(self.layout), int)

    @property
    def batches(self) -> np.ndarray:
        """(tensors,) the number of steps of the optimiser that has the tensor."""
        return np.asarray(self._batches + self._complete)

    @property
    def missing(self) -> np.ndarray:
        """(tensors,) the number of those in which its gradient was None."""
        return self._missing

    @property
    def last(self) -> torch.Tensor:
        """(size,) the gradients of the last backward pass, still multiplied by the loss scale."""
        return self._read

    def read(self, gradients: Sequence[torch.Tensor | None]) -> None:
        """Keep the gradients of a backward pass, in place of those of an earlier one before the same step."""
        self._read = self.layout.flat(gradients, self._one)
        complete = all(gradient is not None for gradient in gradients)
        self._read_present = None if complete else np.array([gradient is not None for gradient in gradients])

    def commit(
        self,
        gradients: Sequence[torch.Tensor | None],
        own: np.ndarray | None = None,
        *,
        unscale: torch.Tensor | None = None,
        still_scaled: bool = False,
        infinities: torch.Tensor | None = None,
    ) -> None:
        """Count the gradients that were read last as those of a step.

        Args:
            gradients: as the optimiser receives them.
            own: (tensors,) True for the optimiser's own tensors; None for all.
            unscale: the factor that undoes the loss scale; None for 1.
            still_scaled: True if `gradients` are multiplied by the loss scale, too.
            infinities: above 0 if the optimiser is going to leave the step out.
        """
        row, present, steps = self._read, self._read_present, self._steps
        if own is None and present is None:
            self._complete += 1
        else:
            mine = np.ones(len(self.layout), bool) if own is None else own
            read = np.ones(len(self.layout), bool) if present is None else present
            self._batches += mine
            self._missing += mine & ~read
            present = mine & read
            gradients = [gradient if there else None for gradient, there in zip(gradients, present, strict=True)]
            if own is not None:
                row = row * self.layout.spread(torch.as_tensor(own, device=row.device)[None])[0]
        received = self.layout.flat(gradients, self._one)
        if unscale is not None:
            row = row * unscale
            received = received * unscale if still_scaled else received
        steps.rows.append(row)
        steps.received.append(received)
        steps.present.append(present)
        steps.weights.append(None if infinities is None else (infinities == 0).to(self._one).reshape(()))
        if len(steps.rows) == self._max_rows:
            self._flush()

    def sums(self) -> Sums | None:
        """Return the sums over the steps; None if there was none."""
        self._flush()
        return self._sums

    def means(self) -> torch.Tensor | None:
        """Return the gradients' statistics, (tensors, statistics); None if there was no step.

        A tensor without a gradient has NaN.
        """
        sums = self.sums()
        if sums is None:
            return None
        union = measure.unions(sums.seen, self.layout, sums.statistics.dtype)
        union = torch.where(sums.counts[:, None] > 0, union, float("nan"))
        return torch.cat([sums.statistics / sums.counts[:, None], union], dim=1)  # 0/0 is NaN

    def _flush(self) -> None:
        steps, self._steps = self._steps, _Steps()
        if not steps.rows:
            return
        rows, received = torch.stack(steps.rows), torch.stack(steps.received)
        weight = torch.stack([self._one if each is None else each for each in steps.weights])
        everywhere = np.ones(len(self.layout), bool)
        given = np.stack([everywhere if each is None else each for each in steps.present])
        present = torch.as_tensor(given).to(rows.device)  # (rows, tensors)
        measured = measure.gradients(rows, self.layout)  # (rows, tensors, statistics)
        self.norms.append(self._norms(measured, rows, received, weight))
        counts = present * weight[:, None]
        counted = Sums(
            statistics=torch.where(counts[:, :, None] > 0, measured, 0.0).sum(dim=0),
            counts=counts.sum(dim=0),
            zeros=((measured[:, :, ZERO_FRACTION] == 1) & (counts > 0)).sum(dim=0),
            seen=((rows != 0) & (weight[:, None] > 0)).any(dim=0),
            bins=self._bins(rows, counts) if self.keeps_histograms else None,
        )
        if self._sums is None:
            self._sums = counted
        else:
            self._sums.add(counted)

    def _norms(
        self, measured: torch.Tensor, rows: torch.Tensor, received: torch.Tensor, weight: torch.Tensor
    ) -> StepNorms:
        # Of the tensors' norms, which are computed with more care for large tensors than one sum over all entries.
        received_l2 = self.layout.by_tensor(lambda g: torch.linalg.vector_norm(g, dim=-1), received)
        return StepNorms(
            before=torch.linalg.vector_norm(measured[:, :, L2], dim=-1),
            after=torch.linalg.vector_norm(received_l2, dim=-1),
            changed=((rows != received) & ~(rows.isnan() & received.isnan())).any(dim=1).to(rows.dtype),
            nonfinite=measured[:, :, NONFINITE].sum(dim=-1),
            weight=weight,
        )

    def _bins(self, rows: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
        # NaN is in no bin: what had no gradient, and steps that were left out.
        return measure.histograms(torch.where(self.layout.spread(counts > 0), rows, float("nan")), self.layout)
