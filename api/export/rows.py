"""A table of a few thousand rows as a Parquet file."""

import io
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from pyarrow import parquet


def parquet_of(rows: Iterable[tuple[Any, ...]]) -> bytes:
    """Write rows as a Parquet file; the first one has the names of the columns.

    A column of numbers stays one, with nulls where there is none. One that holds anything else is text.
    """
    heads, *body = rows
    columns = {head: _column([row[i] for row in body]) for i, head in enumerate(heads)}
    out = io.BytesIO()
    parquet.write_table(pa.table(columns), out, compression="zstd")
    return out.getvalue()


def _column(values: list[Any]) -> pa.Array:
    present = [value for value in values if value is not None]
    if all(type(value) is int for value in present) and present:
        return pa.array(values, pa.int64())
    if all(type(value) in (int, float) for value in present) and present:
        return pa.array(values, pa.float64())
    return pa.array([None if value is None else str(value) for value in values], pa.string())
