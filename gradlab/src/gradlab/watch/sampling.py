"""Sampling: which batches of a record and which entries of a tensor are measured, where not all of them are."""

import math
from dataclasses import dataclass
from functools import cached_property

# Entries of a tensor that a histogram counts. A bin's share among so many has a standard error of at most 0.6 % in one
# batch, and counting all entries of a large tensor would take longer than the step.
MAX_COUNTED = 8_192
# One batch in so many is measured where a record has fewer than its square.
RARELY = 8


@dataclass(frozen=True)
class Sampling:
    """The batches of a record whose gradients are measured: evenly spaced, the first one among them.

    Of n batches √n are measured; of fewer than 64 one in eight, as to measure one takes a tenth of a small network's
    batch; of fewer than 16 two or three. A mean over m of the batches has a standard error of 1/√m of a batch's
    deviation. With the first batch, a record that ends sooner than expected has a measured batch, too.

    Attributes:
        batches: batches of a record; None if that is unknown, and to measure every batch.
    """

    batches: int | None = None

    @cached_property
    def every(self) -> int:
        """One batch in so many is measured."""
        if self.batches is None:
            return 1
        return max(1, math.isqrt(self.batches), min(RARELY, self.batches // 2))

    def measures(self, batch: int) -> bool:
        """True if the gradients of a batch are measured, by its place in the record, counted from 0."""
        return batch % self.every == 0


def stride_of(entries: int, max_counted: int) -> int:
    """Return the distance of the entries that are counted, of so many in a row; at most `max_counted` are.

    It has no divisor in common with their number. The entries that are counted then lie in all rows and columns of a
    matrix: an even distance would count some columns whole, and the gradients of one unit are alike.
    """
    stride = max(1, -(-entries // max_counted))
    while math.gcd(stride, entries) > 1:
        stride += 1
    return stride
