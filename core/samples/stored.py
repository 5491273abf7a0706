"""The stored form of a table: a safetensors file, which holds no code and is mapped into memory without a copy."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from core.samples.table import Column, Table

# The entry of the file's metadata that holds names, categories and parts. Tensors are numbered in its order.
METADATA = "table"
# The entry that makes a file its owner's alone.
OWNER = "owner"
DTYPE_NAMES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I32": "int32",
    "I64": "int64",
    "F32": "float32",
    "F64": "float64",
}


def write_table(table: Table, path: Path, owner: str = "") -> None:
    """Write a table as a safetensors file: one tensor for each column, all else as JSON in the file's metadata.

    Args:
        table: what to write.
        path: of the file.
        owner: a text for the metadata. Equal tables of different owners have different hashes.

    Raises:
        OSError: the file cannot be written.
    """
    columns, tensors = [], {}
    for number, (part, column) in enumerate(_parts(table)):
        columns.append({"name": column.name, "part": part, "categories": column.categories})
        tensors[str(number)] = np.ascontiguousarray(column.values)
    described = {
        "rows": table.rows,
        "validation_rows": table.validation.rows if table.validation else None,
        "columns": columns,
        "uncategorised": dict(table.uncategorised),
    }
    save_file(tensors, path, metadata={METADATA: json.dumps(described), OWNER: owner})


def read_table(path: Path) -> Table:
    """Read a table that `write_table` wrote. Its values are read-only and mapped: only what is used is loaded.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file.
    """
    tensors, metadata = _mapped(path)
    described = json.loads(metadata[METADATA])
    parts: dict[str, dict[str, Column]] = {"train": {}, "validation": {}}
    for number, each in enumerate(described["columns"]):
        categories = None if each["categories"] is None else tuple(each["categories"])
        parts[each["part"]][each["name"]] = Column(each["name"], tensors[str(number)], categories)
    rows = described["validation_rows"]
    validation = None if rows is None else Table(rows, parts["validation"])
    return Table(described["rows"], parts["train"], validation, described["uncategorised"])


def _parts(table: Table) -> Iterator[tuple[str, Column]]:
    for column in table.columns.values():
        yield "train", column
    for column in table.validation.columns.values() if table.validation else ():
        yield "validation", column


def _mapped(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return a safetensors file's tensors, mapped, and its metadata. The library's own reader would copy them.

    Raises:
        ValueError: a tensor lies outside of the file, or has a type that no table has.
    """
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if size > path.stat().st_size - 8:
            raise ValueError(f"{path.name} is no safetensors file: its header would be longer than the file")
        header: dict[str, Any] = json.loads(file.read(size))
    metadata: dict[str, str] = header.pop("__metadata__", {})
    data = np.memmap(path, np.uint8, "r", offset=8 + size).view(np.ndarray)
    return {name: _tensor(data, name, **entry) for name, entry in header.items()}, metadata


def _tensor(data: np.ndarray, name: str, dtype: str, shape: list[int], data_offsets: list[int]) -> np.ndarray:
    begin, end = data_offsets
    expected = np.dtype(DTYPE_NAMES.get(dtype, "V0"))
    if not expected.itemsize or not 0 <= begin <= end <= len(data):
        raise ValueError(f"tensor {name}: expected a type of {tuple(DTYPE_NAMES)} inside of the file; received {dtype}")
    if math.prod(shape) * expected.itemsize != end - begin:
        raise ValueError(f"tensor {name}: {shape} of {dtype} are not {end - begin} bytes")
    return data[begin:end].view(expected).reshape(shape)
