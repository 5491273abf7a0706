"""The first line of a CSV file: its separator, the names of its columns, and whether it names them at all."""

import csv
from dataclasses import dataclass

from core.samples.limits import MAX_COLUMNS, refusal

# Bytes of one line. The widest table of the longest numbers takes a fifth of it.
MAX_LINE_BYTES = 1_000_000
SEPARATORS = (",", ";", "\t")
BOM = b"\xef\xbb\xbf"
# What other tools write as the byte order of texts that are not UTF-8.
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# The name of a first column without one: the index that pandas writes.
INDEX = "index"


@dataclass(frozen=True)
class Header:
    """The first line of a CSV file.

    Attributes:
        names: of the columns; `column_1` and so on where the line holds numbers, not names.
        separator: between its fields.
        is_line: True if the line names the columns, False if it is the first row.
    """

    names: tuple[str, ...]
    separator: str
    is_line: bool


def read_header(beginning: bytes) -> Header:
    """Read the first line of a file.

    Args:
        beginning: the file's first bytes, at least its first line.

    Raises:
        Invalid: the line is too long or no text in UTF-8, or has too many fields.
    """
    if beginning.startswith(UTF_16):
        raise refusal("text in UTF-8", "UTF-16: save the file as CSV in UTF-8", "line 1")
    line, end, _ = beginning.removeprefix(BOM).partition(b"\n")
    if len(line) > MAX_LINE_BYTES or (not end and len(beginning) > MAX_LINE_BYTES):
        raise refusal(f"lines of at most {MAX_LINE_BYTES:,} bytes", "a longer one", "line 1")
    try:
        text = line.decode().rstrip("\r")
    except UnicodeDecodeError as error:
        raise refusal("text in UTF-8", f"other bytes at byte {error.start}", "line 1") from None
    if not text.strip():
        raise refusal("the names of the columns", "an empty line", "line 1")
    separator = max(SEPARATORS, key=text.count)
    if text.count(separator) >= MAX_COLUMNS:
        raise refusal(f"1 to {MAX_COLUMNS:,} columns", f"{text.count(separator) + 1:,} columns", "line 1")
    try:
        (fields,) = csv.reader([text], delimiter=separator, strict=True)
    except (csv.Error, ValueError):
        raise refusal("fields whose quotation marks are closed", "others", "line 1") from None
    return _named([field.strip() for field in fields], separator)


def _named(fields: list[str], separator: str) -> Header:
    if all(map(_is_number, fields)) and fields != [str(place) for place in range(len(fields))]:
        return Header(tuple(f"column_{place}" for place in range(1, len(fields) + 1)), separator, is_line=False)
    if len(fields) > 1 and not fields[0] and INDEX not in fields:
        fields = [INDEX, *fields[1:]]
    return Header(tuple(fields), separator, is_line=True)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
