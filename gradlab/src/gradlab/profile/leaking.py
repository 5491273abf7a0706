"""Columns of which one alone determines the target."""

from collections.abc import Mapping, Sequence

import numpy as np

from gradlab.facts.faults import leaks_of
from gradlab.profile.columns import Column
from gradlab.profile.model import Task
from gradlab.vocabulary.targets import Target

Array = np.ndarray
# Rows that are compared first, spread evenly over the table; only what they do not exclude is compared whole.
MAX_SAMPLE, MAX_NUMBERS = 4_096, 4_000_000
# Rows of each value of a column, on the average. Two classes agree with the values of a column that says nothing about
# them with a chance of 2^-9 for each value.
MIN_ROWS_PER_VALUE = 10
FORMS = {
    "equal": "is equal to the target",
    "linear": "is a linear function of the target",
    "monotone": "only rises, or only falls, with the target",
    "one_to_one": "has one value for each class",
    "determines": "determines the class: each of its values occurs with one class alone",
}


def leaks_in(columns: Mapping[str, Column], target: Sequence[Column], task: Task | None) -> dict[str, str]:
    """Return the columns that determine the target: name -> how, a key of `FORMS`.

    Args:
        columns: those that may be features: numbers, booleans and categories, one number a row.
        target: the columns of the target.
        task: what is learnt of it.
    """
    single = {name: each for name, each in columns.items() if each.profile.type not in ("array", "text", "date")}
    if len(target) != 1 or target[0].is_array or task not in ("classes", "values"):
        return {}
    (of_target,) = target
    if len(single) < 2 or len(of_target.values) < 2:
        return {}
    names = list(single)
    step = max(1, -(-of_target.profile.rows // min(MAX_SAMPLE, MAX_NUMBERS // len(single))))
    y = numbered(of_target.values[::step]) if task == "classes" else of_target.values[::step].astype(np.float64)
    x = np.stack([each.values[::step].astype(np.float64) for each in single.values()], axis=1)
    form = Target("classes", int(y.max()) + 1) if task == "classes" else Target("values", 1)
    leaks = leaks_of(x, y if task == "classes" else y[:, None], form)
    forms: dict[str, str] = {names[each.feature]: each.form for each in leaks}
    if task == "classes":
        for name, column in single.items():
            if name not in forms and _determines(column, of_target, y, step):
                forms[name] = "determines"
    return {name: form for name, form in forms.items() if form == "determines" or _holds(single[name], of_target, form)}


def numbered(values: Array) -> Array:
    """(rows,) the numbers from 0 of distinct values in rising order."""
    return np.asarray(np.unique(values, return_inverse=True)[1], np.int64)


def _determines(column: Column, target: Column, y: Array, step: int) -> bool:
    """True if each value of a column occurs with one class alone, among a part of the rows and then among all."""
    distinct = column.profile.distinct
    if distinct is None or distinct < 2 or distinct * MIN_ROWS_PER_VALUE > column.profile.rows:
        return False
    return _one_class_each(numbered(column.values[::step]), y) and _one_class_each(
        numbered(column.values), numbered(target.values)
    )


def _one_class_each(values: Array, classes: Array) -> bool:
    pairs = np.unique(values * (int(classes.max()) + 1) + classes)
    return len(pairs) == int(values.max()) + 1


def _holds(column: Column, target: Column, form: str) -> bool:
    """True if what a part of the rows showed holds of all: values that are equal, or have one class each."""
    if form == "equal" and column.values.dtype == target.values.dtype:
        return bool(np.array_equal(column.values, target.values, equal_nan=column.values.dtype.kind == "f"))
    if form == "one_to_one" and column.profile.distinct is not None:
        return _one_class_each(numbered(column.values), numbered(target.values))
    return True
