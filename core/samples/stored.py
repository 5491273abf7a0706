"""The stored form of a table: a safetensors file, which holds no code and is mapped into memory without a copy."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from core.samples.table import Column, Table
from gradlab.tensor_file import map_tensors

# The entry of the file's metadata that holds names, categories and parts. Tensors are numbered in its order.
METADATA = "table"
# The entry that makes a file its owner's alone.
OWNER = "owner"


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
    tensors, metadata = map_tensors(path)
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
