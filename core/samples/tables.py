"""Readers of CSV and Parquet files. Imported by the child process only."""

import re
from pathlib import Path

import pyarrow as pa
from pyarrow import csv, parquet

from core.samples.arrow import check_schema, table_from_arrow
from core.samples.csv_header import BOM, MAX_LINE_BYTES, read_header
from core.samples.limits import check_names, check_size, refusal
from core.samples.table import MAX_CATEGORIES, Table
from gradlab.errors import shorten

# What Arrow converts at a time. A line is not longer than a block.
BLOCK_BYTES = 2 * MAX_LINE_BYTES
# Bytes of the index of a text, and of what ends a Parquet file: the length of its description, and its name.
INDEX_BYTES, END_BYTES = 4, 8
# Bytes of a Parquet file's description of itself. That of 5,000 columns in 100 groups takes 50 MB.
MAX_FOOTER_BYTES = 64_000_000
# Where Arrow names a row of a CSV file that has another number of fields.
ROW = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")


def read_csv(path: Path, max_bytes: int) -> Table:
    """Read a CSV file in UTF-8, separated by commas, semicolons or tabs; with or without names in its first line.

    Raises:
        Invalid: the file is no such file, or its values take more than `max_bytes`.
    """
    with path.open("rb") as file:
        header = read_header(file.read(len(BOM) + MAX_LINE_BYTES + 2))
    check_names(list(header.names))
    reading = csv.ReadOptions(
        use_threads=False, block_size=BLOCK_BYTES, column_names=list(header.names), skip_rows=int(header.is_line)
    )
    parsing = csv.ParseOptions(delimiter=header.separator, newlines_in_values=False)
    converting = csv.ConvertOptions(
        strings_can_be_null=True, auto_dict_encode=True, auto_dict_max_cardinality=MAX_CATEGORIES
    )
    try:
        table = csv.read_csv(path, reading, parsing, converting)
    except pa.ArrowInvalid as error:
        raise refusal("CSV in UTF-8, with as many fields in each line as in the first", _reason(error)) from None
    return table_from_arrow(table, max_bytes)


def read_parquet(path: Path, max_bytes: int) -> Table:
    """Read a Parquet file of flat columns, without encryption.

    Raises:
        Invalid: the file is no such file, or its values take more than `max_bytes`.
    """
    _check_footer(path)
    try:
        with parquet.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
            check_schema(file.schema_arrow)
            metadata = file.metadata
            check_size(metadata.num_rows * _row_bytes(file.schema_arrow), max_bytes)
            declared = sum(metadata.row_group(place).total_byte_size for place in range(metadata.num_row_groups))
            check_size(declared, max_bytes, "declared data")
            table = file.read(use_threads=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise refusal("a whole Parquet file without encryption", shorten(str(error), 200)) from None
    return table_from_arrow(table, max_bytes)


def _check_footer(path: Path) -> None:
    """Check the end of a Parquet file: the length of its description, and that it is not encrypted."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - END_BYTES))
        end = file.read(END_BYTES)
    length = int.from_bytes(end[:4], "little")
    if end[4:] == b"PARE":
        raise refusal("a Parquet file without encryption", "an encrypted footer")
    if end[4:] != b"PAR1" or length > size - 12:
        raise refusal("a whole Parquet file, which ends with PAR1", "one that is cut off or damaged")
    if length > MAX_FOOTER_BYTES:
        raise refusal(f"a description of at most {MAX_FOOTER_BYTES:,} bytes", f"{length:,} bytes")


def _row_bytes(schema: pa.Schema) -> int:
    """Return the bytes that a row takes at least: those of its numbers, and of the indices of its texts."""
    sizes = [each.type.bit_width // 8 if pa.types.is_primitive(each.type) else INDEX_BYTES for each in schema]
    return sum(max(1, size) for size in sizes)


def _reason(error: Exception) -> str:
    if row := ROW.search(str(error)):
        return f"{row[3]} fields in line {row[1]}, not {row[2]}"
    return shorten(str(error).removeprefix("CSV parse error: "), 200)
