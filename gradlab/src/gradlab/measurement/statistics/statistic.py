"""What a statistic is: one number about one tensor, with its formula, range and unit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Array = Any
Scale = Literal["log", "share", "linear"]

# The values that a statistic of a scale takes, unless it says its own: sizes, shares, and what has a sign.
INTERVALS: dict[Scale, str] = {"log": "[0, ∞)", "share": "[0, 1]", "linear": "(−∞, ∞)"}


@dataclass(frozen=True)
class Statistic:
    """One number about one tensor.

    Attributes:
        name: how it is asked for.
        formula: what it is, in symbols.
        scale: on which axis it belongs: sizes on a logarithmic one (``log``), shares between 0 and 1 (``share``), what
            has a sign or is a count on a linear one (``linear``).
        unit: in what it is measured.
        meaning: what a reader learns from it.
        compute: the formula in code; what it takes is said in the shelf's docstring.
        over_batches: how an epoch's mini-batches are brought together, where they are what is measured: as the ``mean``
            of each one's number, or as the number of the ``union``, one array whose entry is 0 where it was exactly 0
            in every batch.
        interval: the values it can take, where they are others than those of its scale; empty otherwise.
        missing: where a tensor has no such number, which is NaN then: ``with fewer than two units``; empty where every
            tensor has one.
        note: what else there is to know of its values.
    """

    name: str
    formula: str
    scale: Scale
    unit: str
    meaning: str
    compute: Callable[..., Array]
    over_batches: Literal["mean", "union"] = "mean"
    interval: str = ""
    missing: str = ""
    note: str = ""

    @property
    def may_be_missing(self) -> bool:
        """True if some tensors have no such number: NaN then says so, and is no failure."""
        return bool(self.missing)

    @property
    def range(self) -> str:
        """The values it can take, for people; beyond them lie only NaN and infinities, which are kept as they are."""
        missing = f"NaN {self.missing}" if self.missing else ""
        return "; ".join(filter(None, (self.interval or INTERVALS[self.scale], missing, self.note)))


def nonfinite(x: Array, xp: Any) -> Array:
    """How many entries along the last axis are NaN or infinite."""
    return xp.sum(xp.where(xp.isfinite(x), 0.0, 1.0), axis=-1)
