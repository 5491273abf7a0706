"""Columns from arrays: types are widened to those that are stored, texts become indices of categories."""

from typing import Any

import numpy as np

from core.samples.limits import NAME, check_formula, refusal
from core.samples.table import DTYPES, MAX_CATEGORIES, Column

# NumPy's type -> the stored one. All others are refused, or are texts and times.
WIDENED = {
    "int8": "int32",
    "int16": "int32",
    "uint16": "int32",
    "uint32": "int64",
    "float16": "float32",
} | {each: each for each in DTYPES}
NUMBERS = "numbers of at most 64 bits, truth values, texts or times"


class Uncategorised(Exception):
    """A column of texts that no categories can be made of.

    Attributes:
        distinct: the number of its different texts.
    """

    def __init__(self, distinct: int) -> None:
        super().__init__(distinct)
        self.distinct = distinct


def from_numpy(name: str, values: np.ndarray) -> Column:
    """Return an array's column.

    Args:
        name: of the column.
        values: (rows, *shape), in any memory order.

    Raises:
        Invalid: its type is none that can be stored.
        Uncategorised: it holds texts of which no categories can be made.
    """
    if values.dtype.kind in "US":
        return from_texts(name, *_distinct(name, values))
    if values.dtype.kind == "M":
        return Column(name, _seconds(values))
    if values.dtype.name == "uint64":
        if values.size and int(values.max()) > np.iinfo(np.int64).max:
            raise refusal("integers below 2⁶³", "larger ones", name)
        values = values.astype(np.int64)
    if values.dtype.name not in WIDENED:
        raise refusal(NUMBERS, str(values.dtype), name)
    return Column(name, np.ascontiguousarray(values, WIDENED[values.dtype.name]))


def from_texts(name: str, indices: np.ndarray, texts: list[str]) -> Column:
    """Return the column of texts.

    Args:
        name: of the column.
        indices: (rows,) into `texts`; -1 for a missing text.
        texts: the different texts, in any order. An empty one counts as missing.

    Raises:
        Invalid: a text is the formula of a spreadsheet.
        Uncategorised: there are more than `MAX_CATEGORIES`, or one is no name.
    """
    if len(texts) > MAX_CATEGORIES or not all(NAME.fullmatch(text) for text in texts if text):
        raise Uncategorised(len(texts))
    for text in texts:
        check_formula(text, name)
    categories = sorted(filter(None, texts))
    places = {text: place for place, text in enumerate(categories)} | {"": -1}
    # One more at the end, where the index of a missing text leads.
    codes = np.array([*(places[text] for text in texts), -1], np.int32)
    return Column(name, codes[indices], tuple(categories))


def together(name: str, parts: list[np.ndarray]) -> list[Column]:
    """Return the columns of training and validation part of one array, with the same categories and type.

    Raises:
        Invalid: their types or shapes differ, or are none that can be stored.
        Uncategorised: they hold texts of which no categories can be made.
    """
    first, *rest = parts
    for each in rest:
        if each.dtype.kind != first.dtype.kind or each.shape[1:] != first.shape[1:]:
            expected = f"{first.dtype} of the shape {list(first.shape[1:])} in each row, as in training"
            raise refusal(expected, f"{each.dtype} of the shape {list(each.shape[1:])}", name)
    if first.dtype.kind in "US":
        column = from_numpy(name, np.concatenate(parts))
        edges = np.cumsum([len(each) for each in parts])[:-1]
        return [Column(name, each, column.categories) for each in np.split(column.values, edges)]
    columns = [from_numpy(name, each) for each in parts]
    dtype: Any = np.result_type(*(each.values for each in columns))
    return [Column(name, each.values.astype(dtype, copy=False)) for each in columns]


def _distinct(name: str, values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return indices and different texts of an array of texts."""
    if values.ndim != 1:
        raise refusal("one text in each row", f"texts of the shape {list(values.shape[1:])}", name)
    distinct, indices = np.unique(values, return_inverse=True)
    try:
        return indices, [text if isinstance(text, str) else text.decode() for text in distinct.tolist()]
    except UnicodeDecodeError:
        raise refusal("texts in UTF-8", "other bytes", name) from None


def _seconds(values: np.ndarray) -> np.ndarray:
    """Return times as seconds since 1970-01-01, NaN where there is none."""
    seconds: np.ndarray = values.astype("datetime64[us]").astype(np.int64) / 1e6
    seconds[np.isnat(values)] = np.nan
    return seconds
