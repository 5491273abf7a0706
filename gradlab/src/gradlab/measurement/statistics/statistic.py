"""Statistic: one number about one tensor, with its formula, range and unit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Array = Any
Scale = Literal["log", "share", "linear"]

# Default ranges by scale: sizes, shares, and signed numbers.
INTERVALS: dict[Scale, str] = {"log": "[0, ∞)", "share": "[0, 1]", "linear": "(−∞, ∞)"}


@dataclass(frozen=True)
class Statistic:
    """One number about one tensor.

    Attributes:
        name: the statistic's name in requests and columns.
        formula: the formula in mathematical symbols.
        scale: the axis of its chart: ``log`` for sizes, ``share`` for shares between 0 and 1, ``linear`` for signed
            numbers and counts.
        unit: the unit of its values.
        meaning: the interpretation of its values, for a reader.
        compute: the formula in code; the module's docstring gives its arguments.
        over_batches: the reduction over an epoch's mini-batches. ``mean`` is the mean of each batch's number. ``union``
            is the number of one array, whose entry is 0 if it was exactly 0 in every batch.
        interval: the range of its values if it differs from the scale's; else empty.
        missing: the condition under which a tensor has no such number, which is then NaN: ``with fewer than two
            units``; empty if every tensor has one.
        note: a further remark on its values.
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
        """True if some tensors have no such number. A NaN is then no failure."""
        return bool(self.missing)

    @property
    def range(self) -> str:
        """The range of its values, as text for people. NaN and infinities may occur besides, and are kept."""
        missing = f"NaN {self.missing}" if self.missing else ""
        return "; ".join(filter(None, (self.interval or INTERVALS[self.scale], missing, self.note)))


def values_of(statistics: Sequence[Statistic], seen: Any, xp: Any, by_name: Mapping[str, Array]) -> list[Array]:
    """Return each statistic of what was seen of one layer: from `by_name`, or else by its formula."""
    return [by_name[each.name] if each.name in by_name else each.compute(seen, xp) for each in statistics]


def nonfinite(x: Array, xp: Any) -> Array:
    """Number of entries along the last axis that are NaN or infinite."""
    return xp.sum(xp.where(xp.isfinite(x), 0.0, 1.0), axis=-1)
