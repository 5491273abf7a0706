"""Targets of an uploaded dataset: classes by name as numbers, labels, and prepared values."""

from collections.abc import Callable, Sequence

import numpy as np

from core.samples.preparing import Parts
from core.samples.sources import Sources
from core.samples.summary import is_one_hot
from core.samples.table import Column
from gradlab.errors import Invalid, Problem

FIELD = "dataset.target"


def class_numbers(sources: Sources, names: Sequence[str], classes: Sequence[str]) -> Parts:
    """Return the class of each sample, (rows, *steps) int64, as a place in `classes`.

    Args:
        sources: where the samples come from.
        names: the target's column; several, or one array with more numbers than one, hold a 1 at the class.
        classes: the classes by name.

    Raises:
        Invalid: a row has no class, or several.
    """
    columns = [sources.column(name, FIELD) for name in names]
    if len(columns) > 1:
        return _from_one_hot(sources, together([each.parts for each in columns]), len(classes))
    source, parts = columns[0], columns[0].parts
    shape = source.train.shape
    if shape and shape[-1] == 1:
        parts = parts.map(lambda rows: rows[..., 0])
    elif shape and shape[-1] == len(classes) and is_one_hot(source.train.values):
        return _from_one_hot(sources, parts, len(classes))
    return _numbered(sources, source.train, parts, classes)


def labels(sources: Sources, names: Sequence[str]) -> Parts:
    """Return labels of 0 and 1, (rows, *steps, labels) float32.

    Raises:
        Invalid: a row has another number.
    """
    parts = together([sources.column(name, FIELD).parts for name in names])
    _check(sources, parts.map(lambda rows: (rows != 0) & (rows != 1)), "labels of 0 and 1 in every row", "others")
    return parts.map(lambda rows: rows.astype(np.float32))


def together(parts: Sequence[Parts]) -> Parts:
    """Return columns, (rows,) each, as one array (rows, columns); one array as it is, with an axis of values."""
    if len(parts) == 1:
        return parts[0].map(lambda rows: rows[:, None] if rows.ndim == 1 else rows)
    return Parts(np.stack([each.train for each in parts], axis=-1), np.stack([each.val for each in parts], axis=-1))


def _from_one_hot(sources: Sources, parts: Parts, count: int) -> Parts:
    _check(sources, parts.map(lambda rows: rows.sum(axis=-1) != 1), "one 1 among the classes of every row", "others")
    _check(sources, parts.map(lambda rows: (rows != 0) & (rows != 1)), "0 and 1 in one-hot classes", "others")
    return parts.map(lambda rows: rows.argmax(axis=-1).astype(np.int64))


def _numbered(sources: Sources, column: Column, parts: Parts, classes: Sequence[str]) -> Parts:
    numbers = _by_place(column, classes) if column.categories is not None else _by_value(column, classes)
    numbered = parts.map(numbers)
    _check(sources, numbered.map(lambda rows: rows < 0), f"one of {len(classes)} classes in every row", "none of them")
    return numbered


def _by_place(column: Column, classes: Sequence[str]) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from places in a column's categories to classes; −1 for a text that is no class."""
    number = {text: place for place, text in enumerate(classes)}
    # The two last ones are a text of another file that is not among the categories, and a missing one, −1.
    table = np.array([*(number.get(text, -1) for text in column.categories or ()), -1, -1], np.int64)
    return lambda rows: table[rows]


def _by_value(column: Column, classes: Sequence[str]) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from numbers to classes; −1 for a number that is no class."""
    truths = {"false": 0.0, "true": 1.0}
    values = np.array([truths[name] if column.values.dtype == np.bool_ else float(name) for name in classes])

    def numbered(rows: np.ndarray) -> np.ndarray:
        places = np.searchsorted(values, rows).clip(max=len(values) - 1)
        return np.where(values[places] == rows, places, -1)

    return numbered


def _check(sources: Sources, bad: Parts, expected: str, received: str) -> None:
    rows = bad.map(lambda each: each.reshape(len(each), -1).any(axis=1))
    if rows.train.any() or rows.val.any():
        raise Invalid(Problem(FIELD, expected, f"{received} in rows {sources.file_rows(rows)}"))
