"""What a statistic is: one number about one tensor, with its formula, range and unit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Array = Any


@dataclass(frozen=True)
class Statistic:
    """One number about one tensor.

    Attributes:
        name: how it is asked for.
        formula: what it is, in symbols.
        range: the values it can take; beyond them lie only NaN and infinities, which are kept as they are.
        unit: in what it is measured.
        meaning: what a reader learns from it.
        compute: the formula in code; what it takes is said in the shelf's docstring.
        over_batches: how an epoch's mini-batches are brought together, where they are what is measured: as the ``mean``
            of each one's number, or as the number of the ``union``, one array whose entry is 0 where it was exactly 0
            in every batch.
    """

    name: str
    formula: str
    range: str
    unit: str
    meaning: str
    compute: Callable[..., Array]
    over_batches: Literal["mean", "union"] = "mean"


def nonfinite(x: Array, xp: Any) -> Array:
    """How many entries along the last axis are NaN or infinite."""
    return xp.sum(xp.where(xp.isfinite(x), 0.0, 1.0), axis=-1)
