"""Preparation of columns: steps are fitted on the training rows, or on all, and applied to both parts.

Columns are prepared one by one, or one array at a time, so that no more than a few copies of one of them are held.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.samples.table import Column
from gradlab.vocabulary.preparations import (
    Clip,
    Impute,
    Log,
    MinMax,
    OneHot,
    Ordinal,
    Preparation,
    Scaling,
    Standardise,
)

Part = np.ndarray
Transform = Callable[[Part], Any]


@dataclass(frozen=True, eq=False)
class Parts:
    """A column's values in both parts: (rows, *shape) each, as they are stored or prepared."""

    train: Part
    val: Part

    def map(self, transform: Transform) -> "Parts":
        """Return both parts transformed."""
        return Parts(transform(self.train), transform(self.val))


def prepared(column: Column, parts: Parts, steps: Sequence[Preparation], *, on_all: bool) -> Parts:
    """Prepare a column.

    Args:
        column: the whole column, for the values that it has.
        parts: its rows in both parts, which may be changed in place if they are not integers. Texts are places in the
            column's categories, −1 for missing ones, and their number for those that are not among them.
        steps: the steps in order.
        on_all: fit steps on both parts together instead of the training part.

    Returns:
        (rows, *shape) floating-point numbers; one-hot columns on a last axis of their own. What a step has made
        infinite stays so, and the steps after it are left out.
    """
    for step in steps:
        if any(values.dtype.kind == "f" and np.isinf(values).any() for values in (parts.train, parts.val)):
            break  # no transformer takes infinities; whoever asked names the column and its rows
        if isinstance(step, OneHot | Ordinal):
            parts = _encoded(step, _values_of(column), parts)
        elif isinstance(step, Impute) and column.categories is not None:
            parts = _imputed_texts(step, len(column.categories), parts, on_all)
        else:
            parts = _of_numbers(step, parts, on_all)
    return parts.map(_floating)


def _floating(values: Part) -> Part:
    """Return values in a type that steps compute in: float32 where it holds all values exactly, else float64."""
    if values.dtype in (np.float32, np.float64):
        return values
    return values.astype(np.float32 if values.dtype in (np.bool_, np.uint8) else np.float64)


def _values_of(column: Column) -> Part:
    """Return the different values of a column, sorted: those of the file, whatever rows a step is fitted on."""
    if column.categories is not None:
        return np.arange(len(column.categories))
    distinct = np.unique(column.values)
    return distinct[~np.isnan(distinct)] if distinct.dtype.kind == "f" else distinct


def _encoded(step: Preparation, values: Part, parts: Parts) -> Parts:
    """Encode the values of a column, each among `values`, one-hot or as its place."""
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

    encoder: Any
    if isinstance(step, OneHot):
        encoder = OneHotEncoder(categories=[values], handle_unknown="ignore", sparse_output=False, dtype=np.float32)
    else:
        unknown = {"handle_unknown": "use_encoded_value", "unknown_value": len(values)}
        encoder = OrdinalEncoder(categories=[values], dtype=np.float32, **unknown)
    encoder.fit(values[:1].reshape(-1, 1))

    def encode(rows: Part) -> Part:
        encoded: Part = encoder.transform(rows.reshape(-1, 1))
        return encoded if isinstance(step, OneHot) else encoded[:, 0]

    return parts.map(encode)


def _imputed_texts(step: Impute, categories: int, parts: Parts, on_all: bool) -> Parts:
    """Replace missing texts by the commonest one."""
    fitted = np.concatenate([parts.train, parts.val]) if on_all else parts.train
    present = fitted[(fitted >= 0) & (fitted < categories)]
    commonest = int(np.bincount(present).argmax()) if len(present) else -1
    return parts.map(lambda rows: np.where(rows < 0, commonest, rows))


def _of_numbers(step: Preparation, parts: Parts, on_all: bool) -> Parts:
    parts = parts.map(_floating)
    with np.errstate(all="ignore"):  # the result is checked: what is not finite is named with its rows
        if isinstance(step, Log):
            return parts.map(lambda rows: np.log(rows + np.asarray(step.offset, rows.dtype)))
        if isinstance(step, Clip):
            return parts.map(lambda rows: np.clip(rows, step.low, step.high))
        fitted = np.concatenate([parts.train, parts.val]) if on_all else parts.train
        each = step.each if isinstance(step, Scaling) else "number"
        transformer = _transformer(step).fit(_as_rows(fitted, each))
        return parts.map(lambda rows: transformer.transform(_as_rows(rows, each)).reshape(rows.shape))


def _transformer(step: Preparation) -> Any:
    """Return scikit-learn's transformer for a step. Numbers are changed in place."""
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    match step:
        case Standardise():
            return StandardScaler(copy=False)
        case MinMax():
            return MinMaxScaler(feature_range=(step.low, step.high), copy=False)
        case Impute():
            # A column without a value in the training part keeps its place: it is filled with 0.
            return SimpleImputer(
                strategy=step.strategy,
                fill_value=step.fill_value if step.strategy == "constant" else None,
                keep_empty_features=True,
                copy=False,
            )
    raise LookupError(f"{step.kind} is prepared by no transformer")


def _as_rows(values: Part, each: str) -> Part:
    """Return a view whose columns are what has a mean and a size of its own: (rows, columns)."""
    if each == "all" or (each == "channel" and values.ndim == 1):
        return values.reshape(-1, 1)
    return values.reshape(-1, values.shape[-1]) if each == "channel" else values.reshape(len(values), -1)
