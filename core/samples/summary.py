"""Summaries of tables, by which a spec that names a file's columns is checked without their bytes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from core.samples.table import Column, Table
from gradlab.frozen import Frozen

# Different values of a column that are listed with their counts: classes, and parts of a split by column.
MAX_VALUES = 1_000
# Values that are listed of all columns together, those with the fewest first, so that a summary has a few megabytes.
MAX_LISTED = 20_000
# Numbers that are read at a time: a table need not fit in memory beside its summary.
PIECE_NUMBERS = 1_000_000
# The range in which whole numbers are counted, which takes a tenth of the time of sorting them.
MAX_RANGE = 1_000_000


class ColumnSummary(Frozen):
    """Summary of one column. Counts are over all numbers of an array."""

    dtype: str
    """NumPy's name for the type of a stored number."""
    shape: Annotated[tuple[int, ...], Field(strict=False)] = ()
    """Shape of one row; () for a column of a table."""
    is_text: bool = False
    """True for texts, which are stored as places in the sorted list of the different ones."""
    missing: int = 0
    """Number of NaN, or of missing texts."""
    infinite: int = 0
    """Number of infinite values."""
    low: float = 0.0
    """The smallest finite number; 0 for texts."""
    high: float = 0.0
    """The largest finite number; 0 for texts."""
    is_whole: bool = False
    """True if all finite values are whole numbers."""
    is_one_hot: bool = False
    """True if the last axis has several numbers, of which one is 1 and all others are 0."""
    distinct: int | None = None
    """Number of different values, missing ones apart; null for more numbers than are counted."""
    values: Annotated[tuple[str, ...], Field(strict=False)] | None = None
    """The different values as texts, sorted as texts or as numbers; null for more than are listed."""
    counts: Annotated[tuple[int, ...], Field(strict=False)] = ()
    """Count of each of `values`."""


class TableSummary(Frozen):
    """Summary of a table."""

    rows: int
    """Number of rows."""
    columns: dict[str, ColumnSummary]
    """By name, in the file's order."""
    validation_rows: int | None = None
    """Number of rows of the file's own validation part; null without one."""
    validation: dict[str, ColumnSummary] = Field(default_factory=dict)
    """The columns of that part."""
    uncategorised: dict[str, int] = Field(default_factory=dict)
    """Text columns that are not stored, with their number of different texts."""


def summary_of(table: Table) -> TableSummary:
    """Summarise a table."""
    part = table.validation
    return TableSummary(
        rows=table.rows,
        columns=_few_listed({name: column_summary(column) for name, column in table.columns.items()}),
        validation_rows=part.rows if part else None,
        validation=_few_listed({name: column_summary(each) for name, each in part.columns.items()}) if part else {},
        uncategorised=dict(table.uncategorised),
    )


def column_summary(column: Column) -> ColumnSummary:
    """Summarise a column."""
    if column.categories is not None:
        return _of_texts(column.values, column.categories)
    low, high, missing, infinite, is_whole = math.inf, -math.inf, 0, 0, True
    for piece in pieces(column.values):
        finite = np.isfinite(piece)
        missing, infinite = missing + int(np.isnan(piece).sum()), infinite + int(np.isinf(piece).sum())
        inside = piece if finite.all() else piece[finite]
        if inside.size:
            low, high = min(low, float(inside.min())), max(high, float(inside.max()))
            is_whole = is_whole and bool((inside == np.trunc(inside)).all())
    if low > high:
        return ColumnSummary(dtype=column.values.dtype.name, shape=column.shape, missing=missing, infinite=infinite)
    counted = _counted(column.values, is_whole and high - low < 2**53)
    return ColumnSummary(
        dtype=column.values.dtype.name,
        shape=column.shape,
        missing=missing,
        infinite=infinite,
        low=low,
        high=high,
        is_whole=is_whole,
        is_one_hot=(low, high) == (0, 1) and is_one_hot(column.values),
        distinct=None if counted is None else len(counted),
        values=None if counted is None else tuple(name_of(each, column.values.dtype) for each in counted),
        counts=() if counted is None else tuple(counted.values()),
    )


def name_of(value: float, dtype: np.dtype[Any]) -> str:
    """Return the text that names a value of a column: 3 for 3.0, true for a truth value; empty for NaN."""
    if dtype == np.bool_:
        return "true" if value else "false"
    if math.isnan(value):
        return ""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def is_one_hot(values: np.ndarray) -> bool:
    """True if the last axis of numbers has several, of which one is 1 and all others are 0."""
    if values.ndim < 2 or values.shape[-1] < 2:
        return False
    rows = _row_pieces(values)
    return all(((piece == 0) | (piece == 1)).all() and (piece.sum(axis=-1) == 1).all() for piece in rows)


def first_listed(sizes: Mapping[str, int], limit: int) -> set[str]:
    """Return the columns that list their values: `limit` values together, of those columns first that have the fewest.

    Args:
        sizes: the number of values of each column.
        limit: the most values of all columns.
    """
    left, listed = limit, set()
    for name in sorted(sizes, key=lambda each: sizes[each]):
        left -= sizes[name]
        if left >= 0:
            listed.add(name)
    return listed


def different(piece: np.ndarray) -> tuple[Sequence[float], Sequence[int]]:
    """Return the different finite numbers of a piece in rising order, and how often each occurs."""
    if piece.dtype.kind in "iub":
        low = int(piece.min())
        if int(piece.max()) - low < MAX_RANGE:
            counts = np.bincount(piece.astype(np.int64) - low)
            (places,) = counts.nonzero()
            return (places + low).tolist(), counts[places].tolist()
    distinct, counts = np.unique(piece[np.isfinite(piece)], return_counts=True)
    return distinct.tolist(), counts.tolist()


def _of_texts(values: np.ndarray, categories: tuple[str, ...]) -> ColumnSummary:
    counts = np.bincount(values[values >= 0], minlength=len(categories))
    return ColumnSummary(
        dtype=values.dtype.name,
        is_text=True,
        missing=int((values < 0).sum()),
        distinct=len(categories),
        values=categories if len(categories) <= MAX_VALUES else None,
        counts=tuple(counts.tolist()) if len(categories) <= MAX_VALUES else (),
    )


def _counted(values: np.ndarray, is_whole: bool) -> dict[float, int] | None:
    """Return each different value with its count, in rising order; None if they are too many to be listed.

    Values of arrays are counted if they are whole numbers: those of images and signals are never classes.
    """
    if values.ndim > 1 and not is_whole:
        return None
    counts: dict[float, int] = {}
    for piece in pieces(values):
        distinct, number = different(piece)
        if len(distinct) > MAX_VALUES:
            return None
        for value, count in zip(distinct, number, strict=True):
            counts[value] = counts.get(value, 0) + count
        if len(counts) > MAX_VALUES:
            return None
    return dict(sorted(counts.items()))


def pieces(values: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the numbers of a column, a piece of `PIECE_NUMBERS` after another."""
    flat = values.reshape(-1)
    for begin in range(0, flat.size, PIECE_NUMBERS):
        yield flat[begin : begin + PIECE_NUMBERS]


def _row_pieces(values: np.ndarray) -> Iterator[np.ndarray]:
    rows = max(1, PIECE_NUMBERS // max(1, math.prod(values.shape[1:])))
    for begin in range(0, len(values), rows):
        yield values[begin : begin + rows]


def _few_listed(columns: Mapping[str, ColumnSummary]) -> dict[str, ColumnSummary]:
    """Return the columns; those with the most values list none, where all together would be too many."""
    kept = first_listed({name: len(each.values or ()) for name, each in columns.items()}, MAX_LISTED)
    nothing = {"values": None, "counts": ()}
    return {name: each if name in kept else each.model_copy(update=nothing) for name, each in columns.items()}
