"""Sampling of batches: which batches of a record have their gradients measured, where not all of them are."""

import math
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Sampling:
    """The batches of a record whose gradients are measured: √n of n batches, evenly spaced, the last one among them.

    A mean over √n of the batches has a standard error of n^(-1/4) of a batch's deviation, and costs 1/√n. With the last
    batch, values that have left the finite numbers show in the record in which they did.

    Attributes:
        batches: batches of a record; None if that is unknown, and to measure every batch.
    """

    batches: int | None = None

    @cached_property
    def every(self) -> int:
        """One batch in so many is measured."""
        return 1 if self.batches is None else max(1, math.isqrt(self.batches))

    @cached_property
    def first(self) -> int:
        """The first batch of a record that is measured, counted from 0."""
        return 0 if self.batches is None else (self.batches - 1) % self.every

    def measures(self, batch: int) -> bool:
        """True if the gradients of a batch are measured, by its place in the record, counted from 0."""
        return batch % self.every == self.first
