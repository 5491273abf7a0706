"""Reader of NPZ files: archives of arrays, read without pickle and within their declared sizes."""

import io
import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from core.samples.columns import Uncategorised, together
from core.samples.limits import MAX_ARRAYS, MAX_AXES, check_names, check_size, refusal
from core.samples.table import Column, Table
from core.samples.zip_entries import ENCRYPTED, METHODS, EntryReader
from gradlab.errors import shorten

# Bytes of the list of files at an archive's end: names of 1,000 arrays, of 200 characters each, take a fifth of it.
MAX_DIRECTORY_BYTES = 1_000_000
# Bytes of an array's own header. NumPy pads it to 128 for all but structures.
MAX_HEADER_BYTES = 10_000
PIECE_BYTES = 4_000_000
SUFFIX = ".npy"
# The version of an array's header -> bytes of its length, and its reader.
READERS = {(1, 0): (2, npy.read_array_header_1_0), (2, 0): (4, npy.read_array_header_2_0)}
# `x_train` beside `x_test`, as data sets are often distributed, means `x` and `x_val`.
TRAIN, VALIDATION = "_train", ("_val", "_test")


def read_npz(path: Path, max_bytes: int) -> Table:
    """Read the arrays of an NPZ file: one column for each, whose first axis are the rows.

    An array `NAME_val` or `NAME_test` is the column `NAME` of the validation part, if there is an array `NAME` or
    `NAME_train`.

    Raises:
        Invalid: the file is no such file, an array is none of numbers or texts, or they take more than `max_bytes`.
    """
    _check_directory(path)
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            _check_entries(archive.infolist(), max_bytes)
            arrays = {each.filename.removesuffix(SUFFIX): _array(file, each) for each in archive.infolist()}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise refusal("a whole NPZ file, as numpy.savez writes it", shorten(str(error), 200)) from None
    return _table(arrays, max_bytes)


def _check_directory(path: Path) -> None:
    """Check the size of an archive's list of files before it is read."""
    with path.open("rb") as file:
        try:
            end = zipfile._EndRecData(file)  # type: ignore[attr-defined]
        except OSError:
            end = None
    if end is None:
        raise refusal("a whole NPZ file, as numpy.savez writes it", "one that is cut off or no archive")
    count, size = end[zipfile._ECD_ENTRIES_TOTAL], end[zipfile._ECD_SIZE]  # type: ignore[attr-defined]
    if not 1 <= count <= MAX_ARRAYS or size > MAX_DIRECTORY_BYTES:
        raise refusal(f"1 to {MAX_ARRAYS:,} arrays", f"{count:,} entries in {size:,} bytes")


def _check_entries(entries: list[zipfile.ZipInfo], max_bytes: int) -> None:
    for each in entries:
        name = each.filename
        if not name.endswith(SUFFIX) or "/" in name or "\\" in name:
            raise refusal("arrays alone, named NAME.npy", shorten(name))
        if each.flag_bits & ENCRYPTED or each.compress_type not in METHODS:
            raise refusal("entries that are stored or deflated, not encrypted", shorten(name))
    check_names([each.filename.removesuffix(SUFFIX) for each in entries])
    check_size(sum(each.file_size for each in entries), max_bytes, "declared arrays")


def _array(file: BinaryIO, entry: zipfile.ZipInfo) -> np.ndarray:
    """Read an array. Its header is read first, and has to agree with the entry's size.

    Raises:
        Invalid: it is no array of numbers or texts.
        BadZipFile: the entry is not what the archive says.
    """
    name, reader = entry.filename.removesuffix(SUFFIX), EntryReader(file, entry)
    shape, is_fortran, dtype = _header(name, reader)
    left = entry.file_size - reader.position
    if math.prod(shape) * dtype.itemsize != left:
        raise refusal(f"{list(shape)} of {dtype}, as its header says", f"{left:,} bytes", name)
    content = bytearray(left)
    begin = 0
    while begin < left:
        piece = reader.read(min(PIECE_BYTES, left - begin))
        if not piece:
            raise EOFError(f"{name} ends early")
        content[begin : begin + len(piece)] = piece
        begin += len(piece)
    reader.end()
    return np.frombuffer(content, dtype).reshape(shape, order="F" if is_fortran else "C")


def _header(name: str, file: EntryReader) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        length_bytes, read = READERS[npy.read_magic(file)]
        length = file.read(length_bytes)
        if (size := int.from_bytes(length, "little")) > MAX_HEADER_BYTES:  # NumPy reads it before it compares
            raise ValueError(f"a header of {size:,} bytes")
        shape, is_fortran, dtype = read(io.BytesIO(length + file.read(size)), max_header_size=MAX_HEADER_BYTES)
    except (ValueError, KeyError, SyntaxError, RecursionError, MemoryError) as error:
        raise refusal("the header of an array, as numpy.save writes it", shorten(str(error), 200), name) from None
    if dtype.hasobject:
        raise refusal("numbers or texts", "Python objects, which are never unpickled", name)
    if not dtype.itemsize or dtype.names or dtype.subdtype:
        raise refusal("one number or text for each place", shorten(str(dtype)), name)
    if not 1 <= len(shape) <= MAX_AXES or not all(isinstance(each, int) and each > 0 for each in shape):
        raise refusal(f"1 to {MAX_AXES} axes, each of at least one value", shorten(shape), name)
    return shape, is_fortran, dtype


def _table(arrays: dict[str, np.ndarray], max_bytes: int) -> Table:
    train: dict[str, Column] = {}
    validation: dict[str, Column] = {}
    uncategorised: dict[str, int] = {}
    for name, parts in _by_name(arrays):
        try:
            train[name], *rest = together(name, parts)
        except Uncategorised as refused:
            uncategorised[name] = refused.distinct
            continue
        validation |= dict(zip([name], rest, strict=False))
    if not train:
        raise refusal("an array of numbers, or of at most 10,000 different texts", "none")
    columns = [*train.values(), *validation.values()]
    check_size(sum(each.values.nbytes for each in columns), max_bytes)
    rows = _rows(train, "")
    beside = Table(_rows(validation, VALIDATION[0]), validation) if validation else None
    return Table(rows, train, beside, uncategorised)


def _by_name(arrays: dict[str, np.ndarray]) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Yield each column's name with its array, and that of its validation part if it has one.

    Raises:
        Invalid: two arrays mean the same.
    """
    beside: dict[str, str] = {}
    for name in arrays:
        for suffix in VALIDATION:
            base = name.removesuffix(suffix)
            if base != name and (base in arrays or base + TRAIN in arrays):
                if base in beside:
                    raise refusal("one validation part", f"{beside[base]} and {name}", name)
                beside[base] = name
    for name, values in arrays.items():
        if name in beside.values():
            continue
        base = name.removesuffix(TRAIN) if name.removesuffix(TRAIN) in beside else name
        if base != name and base in arrays:
            raise refusal("one training part", f"{base} and {name}", name)
        yield base, [values, arrays[beside[base]]] if base in beside else [values]


def _rows(columns: dict[str, Column], suffix: str) -> int:
    """Return the rows that all columns have. Raises Invalid if they differ."""
    (first, column), *rest = columns.items()
    for name, each in rest:
        if len(each.values) != len(column.values):
            expected = f"{len(column.values):,} rows, as {first}{suffix} has"
            raise refusal(expected, f"{len(each.values):,}", f"{name}{suffix}")
    return len(column.values)
