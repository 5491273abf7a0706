"""Columns from Arrow's arrays, which CSV and Parquet files are read into. Imported by the child process only."""

from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from core.samples.columns import NUMBERS, Uncategorised, from_numpy, from_texts
from core.samples.limits import check_names, check_size, refusal
from core.samples.table import MAX_CATEGORIES, Column, Table

# Ticks of a second in each unit of Arrow's times.
TICKS = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}
SECONDS_OF_DAY = 86_400


def check_schema(schema: pa.Schema) -> None:
    """Check names and types of a table's columns, before they are read.

    Raises:
        Invalid: names repeat or are none, or a column is nested or has a type that cannot be stored.
    """
    check_names(schema.names)
    for field in schema:
        if pa.types.is_nested(field.type):
            raise refusal("flat columns, without lists and structures", str(field.type)[:80], field.name)
        if not _is_readable(field.type.value_type if pa.types.is_dictionary(field.type) else field.type):
            raise refusal(NUMBERS, str(field.type)[:80], field.name)


def table_from_arrow(arrow: pa.Table, max_bytes: int) -> Table:
    """Convert a table, and let go of its columns one after another.

    Raises:
        Invalid: it has no rows, a column cannot be stored, or all of them take more than `max_bytes`.
    """
    if not arrow.num_rows:
        raise refusal("at least one row", "none")
    columns: dict[str, Column] = {}
    uncategorised: dict[str, int] = {}
    rows, total = arrow.num_rows, 0
    for name in arrow.column_names:
        values = arrow.column(name)
        arrow = arrow.drop_columns([name])
        try:
            columns[name] = _column(name, values)
        except Uncategorised as refused:
            uncategorised[name] = refused.distinct
            continue
        total += columns[name].values.nbytes
        check_size(total, max_bytes)
    if not columns:
        raise refusal(f"a column of numbers, or of at most {MAX_CATEGORIES:,} different texts", "none")
    return Table(rows, columns, uncategorised=uncategorised)


def _is_readable(kind: pa.DataType) -> bool:
    of = pa.types
    is_text = of.is_string(kind) or of.is_large_string(kind)
    is_time = of.is_timestamp(kind) or of.is_date(kind) or of.is_time(kind)
    is_number = of.is_integer(kind) or of.is_floating(kind) or of.is_decimal(kind)
    return bool(is_text or is_time or is_number or of.is_boolean(kind) or of.is_null(kind))


def _column(name: str, values: pa.ChunkedArray) -> Column:
    kind = values.type
    if pa.types.is_dictionary(kind) and not _is_text(kind.value_type):
        values, kind = values.cast(kind.value_type), kind.value_type
    if pa.types.is_dictionary(kind) or _is_text(kind):
        return _texts(name, values)
    if pa.types.is_binary(kind):  # what Arrow makes of a CSV file's texts in another encoding
        raise refusal("text in UTF-8", "other bytes", name)
    if pa.types.is_null(kind):
        return Column(name, np.full(len(values), np.nan))
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind):
        return Column(name, _seconds(values))
    if pa.types.is_decimal(kind) or (values.null_count and not pa.types.is_floating(kind)):
        values = values.cast(pa.float64(), safe=False)
    return from_numpy(name, _smallest(values.to_numpy()))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _texts(name: str, values: pa.ChunkedArray) -> Column:
    if not pa.types.is_dictionary(values.type):
        values = values.dictionary_encode()
    array = values.unify_dictionaries().combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # of no chunks or, where Arrow cannot combine them, of several
        array = pa.concat_arrays(array.chunks)
    indices: Any = compute.fill_null(array.indices.cast(pa.int32()), -1)
    codes, texts = _occurring(indices.to_numpy(), array.dictionary)
    if len(texts) > MAX_CATEGORIES:
        raise Uncategorised(len(texts))
    return from_texts(name, codes, _missing_as_empty(texts.to_pylist()))


def _occurring(codes: np.ndarray, texts: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """Leave out the texts of a dictionary that no row has, as a table that was filtered keeps them.

    Args:
        codes: (rows,) into `texts`; -1 for a missing text.
        texts: the dictionary.
    """
    occurs = np.zeros(len(texts) + 1, bool)
    occurs[codes] = True  # -1 is the last
    if occurs[:-1].all():
        return codes, texts
    places = np.cumsum(occurs, dtype=np.int32) - 1
    places[-1] = -1
    return places[codes], texts.take(pa.array(np.flatnonzero(occurs[:-1])))


def _missing_as_empty(texts: list[str | None]) -> list[str]:
    """Return the texts of a dictionary, in which a writer may have put a missing one."""
    return [text or "" for text in texts]


def _smallest(values: np.ndarray) -> np.ndarray:
    """Return int64 as int32 where all fit: a CSV file names no types, and int32 takes half the memory."""
    if values.dtype != np.int64 or not len(values):
        return values
    low, high = int(values.min()), int(values.max())
    return values.astype(np.int32) if low >= -(2**31) and high < 2**31 else values


def _seconds(values: pa.ChunkedArray) -> np.ndarray:
    """Return times as seconds since 1970-01-01, or since midnight where they have no date; NaN where there is none."""
    kind = values.type
    if pa.types.is_date32(kind):
        days = values.cast(pa.int32()).cast(pa.float64())
        return np.asarray(days.to_numpy() * SECONDS_OF_DAY)
    unit = "ms" if pa.types.is_date64(kind) else kind.unit
    whole = pa.int32() if pa.types.is_time32(kind) else pa.int64()
    return np.asarray(values.cast(whole).cast(pa.float64(), safe=False).to_numpy() / TICKS[unit])
