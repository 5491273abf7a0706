"""Numbers about one column, in two passes over pieces of it: what is held at once does not grow with the rows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from gradlab.profile.model import (
    MAX_BINS,
    MAX_COMMONEST,
    MAX_DISTINCT,
    ColumnProfile,
    ColumnType,
    Commonest,
    Histogram,
)

Array = np.ndarray
# Numbers of a piece: 1 MB as float64, which stays in a core's cache.
PIECE = 2**17
# Beyond it float64 does not hold every integer, so that nothing shows whether a number is one.
MAX_EXACT = 2.0**53
# Dates as files write them: 2026-11-29, with a time after it or without.
DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
MAX_VALUE_LENGTH = 200


@dataclass(frozen=True, eq=False)
class Column:
    """A column with its profile.

    Attributes:
        profile: the numbers about it.
        values: (rows, *shape) stored numbers; of categories their codes, −1 for a missing one.
        categories: the texts that the codes stand for; () for numbers.
        distinct: (distinct,) the values without NaN, in rising order; None for more than 10,000, and for arrays.
        counts: (distinct,) number of rows with each of them, like `distinct`.
    """

    profile: ColumnProfile
    values: Array
    categories: tuple[str, ...] = ()
    distinct: Array | None = None
    counts: Array | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Name of the column."""
        return self.profile.name

    @property
    def is_number(self) -> bool:
        """True for one number a row, be it an integer or not."""
        return self.profile.type in ("number", "integer")

    @property
    def is_array(self) -> bool:
        """True for more than one number a row."""
        return self.profile.type == "array"


def describe(name: str, values: Array, categories: tuple[str, ...] | None) -> Column:
    """Return a column with its profile.

    Args:
        name: name of the column.
        values: (rows, *shape) numbers or booleans; codes where there are categories.
        categories: the texts that the codes stand for; None for numbers.
    """
    distinct, counts = (None, None) if values.ndim > 1 else _counted(values, categories is not None)
    if categories is not None:
        return _of_categories(name, values, categories, distinct, counts)
    numbers = _numbers(values)
    profile = ColumnProfile(
        name=name,
        type=_type_of(values, numbers),
        dtype=values.dtype.name,
        rows=len(values),
        shape=values.shape[1:],
        missing=numbers.missing,
        infinite=numbers.infinite,
        distinct=None if distinct is None else len(distinct),
        zeros=numbers.zeros / max(1, values.size),
        minimum=numbers.low if numbers.count else None,
        maximum=numbers.high if numbers.count else None,
        mean=numbers.mean if numbers.count else None,
        std=numbers.std if numbers.count else None,
        histogram=numbers.histogram,
        commonest=_commonest(distinct, counts, ("false", "true")) if values.dtype == bool and values.ndim == 1 else (),
    )
    return Column(profile, values, (), distinct, counts)


def of_text(name: str, rows: int) -> Column:
    """Return a column of texts that are too many to be kept: nothing but their number is known."""
    return Column(ColumnProfile(name=name, type="text", dtype="text", rows=rows), np.empty(0, np.int32))


@dataclass
class _Numbers:
    """Sums over the finite values of a column."""

    count: int = 0
    missing: int = 0
    infinite: int = 0
    zeros: int = 0
    integral: bool = True
    low: float = np.inf
    high: float = -np.inf
    mean: float = 0.0
    std: float = 0.0
    histogram: Histogram | None = None


def _numbers(values: Array) -> _Numbers:
    numbers, total = _Numbers(), 0.0
    for piece in pieces(values):
        finite = _finite(piece)
        numbers.missing += int(np.isnan(piece).sum()) if len(finite) < piece.size else 0
        numbers.count += len(finite)
        numbers.zeros += len(finite) - int(np.count_nonzero(finite))
        if len(finite):
            numbers.low = min(numbers.low, float(finite.min()))
            numbers.high = max(numbers.high, float(finite.max()))
            # Of numbers near the end of float64 the sum of the means stays finite, that of the numbers does not.
            total += float(finite.mean()) * len(finite) if np.abs(finite).max() < 1e150 else np.nan
            numbers.integral = numbers.integral and bool((np.floor(finite) == finite).all())
    numbers.infinite = values.size - numbers.count - numbers.missing
    if numbers.count:
        numbers.mean = float(np.nan_to_num(total / numbers.count))
        numbers.integral = numbers.integral and max(abs(numbers.low), abs(numbers.high)) <= MAX_EXACT
        _spread(values, numbers)
    return numbers


def _spread(values: Array, numbers: _Numbers) -> None:
    """Add the standard deviation and the histogram: they need the mean and the range."""
    width = numbers.high - numbers.low
    bins = min(MAX_BINS, round(width) + 1) if numbers.integral and width < MAX_BINS else MAX_BINS
    counts, squares = np.zeros(bins, np.int64), 0.0
    for piece in pieces(values):
        finite = _finite(piece)
        squares += float(((finite - numbers.mean) ** 2).sum())
        if 0 < width < np.inf:
            places = ((finite - numbers.low) / width * bins).astype(np.int32)
            counts += np.bincount(np.minimum(places, bins - 1), minlength=bins)
    numbers.std = float(np.nan_to_num(np.sqrt(squares / numbers.count), posinf=0.0))
    if 0 < width < np.inf:
        numbers.histogram = Histogram(low=numbers.low, high=numbers.high, counts=tuple(counts.tolist()))


def pieces(values: Array) -> Iterator[Array]:
    """Yield the numbers of a column as float64, some rows after others."""
    rows = max(1, PIECE * len(values) // max(1, values.size))
    for start in range(0, len(values), rows):
        yield np.asarray(values[start : start + rows], np.float64).reshape(-1)


def _finite(piece: Array) -> Array:
    finite = np.isfinite(piece)
    return piece if finite.all() else piece[finite]


def _type_of(values: Array, numbers: _Numbers) -> ColumnType:
    if values.ndim > 1:
        return "array"
    if values.dtype.kind == "b":
        return "boolean"
    return "integer" if numbers.count and numbers.integral else "number"


def _counted(values: Array, codes: bool) -> tuple[Array, Array] | tuple[None, None]:
    """The distinct values with their counts; None for more than 10,000. NaN and the code −1 are left out."""
    rows, seen, counts = PIECE // 2, np.empty(0, values.dtype), np.empty(0, np.int64)
    for start in range(0, len(values), rows):
        piece = values[start : start + rows]
        piece = piece[piece >= 0] if codes else piece[~np.isnan(piece)] if piece.dtype.kind == "f" else piece
        own, own_counts = np.unique(piece, return_counts=True)
        if len(own) > MAX_DISTINCT:
            return None, None
        both = np.concatenate([seen, own])
        seen, places = np.unique(both, return_inverse=True)
        counts = np.bincount(places, np.concatenate([counts, own_counts]), len(seen)).astype(np.int64)
        if len(seen) > MAX_DISTINCT:
            return None, None
    return seen, counts


def _of_categories(
    name: str, values: Array, categories: tuple[str, ...], distinct: Array | None, counts: Array | None
) -> Column:
    dated = bool(categories) and all(DATE.fullmatch(each) for each in categories)
    profile = ColumnProfile(
        name=name,
        type="date" if dated else "category",
        dtype="text",
        rows=len(values),
        missing=int(np.count_nonzero(values < 0)),
        distinct=None if distinct is None else len(distinct),
        commonest=() if dated else _commonest(distinct, counts, categories),
    )
    return Column(profile, values, categories, distinct, counts)


def _commonest(distinct: Array | None, counts: Array | None, texts: tuple[str, ...]) -> tuple[Commonest, ...]:
    if distinct is None or counts is None or not texts:
        return ()
    order = np.argsort(-counts, kind="stable")[:MAX_COMMONEST]
    return tuple(
        Commonest(value=texts[int(distinct[place])][:MAX_VALUE_LENGTH], count=int(counts[place])) for place in order
    )
