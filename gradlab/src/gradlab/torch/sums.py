"""Gradients of a record's steps: norms of single steps, and sums over all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import torch


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
    """Sums over the steps of a record, on the device; of several records with one more axis in front.

    Attributes:
        statistics: (tensors, statistics).
        counts: (tensors,) the steps in which the tensor had a gradient.
        zeros: (tensors,) the steps in which its gradient was exactly 0 everywhere.
        seen: (size,) True for entries whose gradient was once not 0.
        norms: (4,) the sums of `before`, `after`, `changed` and `weight` over the steps that were made.
        bins: (tensors, bins) counts of the histograms; None if they are not kept.
    """

    statistics: torch.Tensor
    counts: torch.Tensor
    zeros: torch.Tensor
    seen: torch.Tensor
    norms: torch.Tensor
    bins: torch.Tensor | None

    def add(self, other: "Sums") -> "Sums":
        """Return the sums together with those of later steps of the same record. These are used up."""
        seen = self.seen.logical_or_(other.seen)  # in place: it is as large as the model
        pairs = zip(self._values(), other._values(), strict=True)
        return Sums(*(None if a is None or b is None else a if a is seen else a + b for a, b in pairs))

    def split(self, count: int) -> list["Sums"]:
        """Return the sums of each of several records."""
        nothing = [None] * count
        columns = [nothing if each is None else each.unbind() for each in self._values()]
        return [Sums(*own) for own in zip(*columns, strict=True)]

    @staticmethod
    def stacked(sums: Sequence["Sums"]) -> "Sums":
        """Return the sums of several records; without histograms."""
        columns = {each.name: torch.stack([getattr(own, each.name) for own in sums]) for each in fields(Sums)[:-1]}
        return Sums(**columns, bins=None)

    def _values(self) -> list[torch.Tensor | None]:
        return [getattr(self, each.name) for each in fields(self)]


class RecordCounts(NamedTuple):
    """Counts of one record, in the process.

    Attributes:
        complete: the number of steps in which every tensor had a gradient.
        others: (2, tensors) of the other steps, the number of those of the optimiser that has the tensor, and of those
            in which its gradient was None; None if there are none.
    """

    complete: int
    others: np.ndarray | None


def counts_of(counts: Sequence[RecordCounts], tensors: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps of each tensor's optimiser, and those of them without a gradient: (records, tensors) each."""
    nothing = np.zeros((2, tensors), int)
    others = np.stack([nothing if each.others is None else each.others for each in counts], axis=1)
    return others[0] + np.array([[each.complete] for each in counts]), others[1]
