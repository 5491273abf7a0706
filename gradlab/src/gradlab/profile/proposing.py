"""Proposal: which column is the target, what is learnt of it, how rows are divided, and how features are prepared."""

import re
from collections.abc import Sequence

import numpy as np

from gradlab.profile.columns import Column
from gradlab.profile.features import is_identifier, is_ordered, preparation, sample_of
from gradlab.profile.leaking import FORMS, leaks_in
from gradlab.profile.model import MAX_NAMED, WEIGHTS, LeftOut, Proposal, SplitProposal, Task

Columns = dict[str, Column]
# Names that people give to targets, best first, and to columns that are no features.
TARGETS = ("target", "label", "labels", "class", "y", "targets", "classes", "outcome")
INPUTS, TARGET, VALIDATION = "x", "y", "_val"
SPLITS, TRAIN = ("split", "fold", "subset", "partition"), ("train", "training")
# Parts of the names of columns that say when a row was recorded; and whole names.
TIMES, WHOLE_TIMES = ("time", "timestamp", "date", "datetime"), ("t", "step", "day", "hour")
# Integers are the numbers of classes if there are few of them, each ten times on average, as dense as codes are.
# Digits, letters and the usual hundred categories stay below the first; a count or an age seldom passes the second.
MAX_CLASSES, MIN_ROWS_PER_CLASS, MIN_DENSITY = 100, 10, 0.5
# Values that are no integers stand for classes if they are as few as these and spaced evenly: labels that were divided.
MAX_DIVIDED = 20
# Each part of a split needs samples of every class: below half of an even share chance leaves rare classes out.
EVEN = 0.5
# Reason why an identifier is left out.
NUMBERS_ROWS = "It numbers the rows."


def propose(columns: Columns, rows: int) -> tuple[Proposal, dict[str, str]]:
    """Return how the samples may be trained on, and the columns that determine the target alone: name -> how."""
    own = {name: each for name, each in columns.items() if not name.endswith(VALIDATION) or each.profile.rows == rows}
    names, reason = _target(own)
    target = [own[each] for each in names]
    task, classes, task_reason = task_of(target) if target else (None, None, "There is no target to be learnt.")
    if not target and _is_of_inputs(own):
        task, task_reason = "inputs", reason
    split = _split(columns, target, task)
    arrays = INPUTS in own and own[INPUTS].is_array
    left_out = {} if arrays else _left_out(own, names, split)
    leaks = leaks_in({name: own[name] for name in own if name not in names and name not in left_out}, target, task)
    left_out |= {name: f"It {FORMS[how]}: it may be known only after the answer is." for name, how in leaks.items()}
    features = (INPUTS,) if arrays else tuple(name for name in own if name not in names and name not in left_out)
    skipped = tuple(LeftOut(column=name, reason=why, determines_target=name in leaks) for name, why in left_out.items())
    proposal = Proposal(
        target=names,
        target_reason=reason,
        task=task,
        task_reason=task_reason,
        classes=classes,
        features=features,
        left_out=skipped[:MAX_NAMED],
        left_out_count=len(skipped),
        split=split,
        prepare=preparation([own[name] for name in features], target if task == "values" else ()),
    )
    return proposal, leaks


def _target(columns: Columns) -> tuple[tuple[str, ...], str]:
    """The target's columns, and the reason."""
    folded = {name.casefold(): name for name in reversed(columns)}
    for name in TARGETS:
        if name in folded:
            return (folded[name],), f"The column {folded[name]} is called so."
    numbered = _numbered(columns)
    if numbered:
        return numbered, f"{len(numbered)} columns are called {numbered[0]} to {numbered[-1]}."
    if _is_of_inputs(columns):
        return (), "There is no array y: a network may learn to give back its inputs, as an autoencoder does."
    for name in reversed(columns):
        column = columns[name]
        usable = column.profile.type not in ("text", "date") and not is_identifier(column) and not _is_split(column)
        if usable and name.casefold() not in WEIGHTS and len(columns) > 1 and not _is_constant(column):
            return (name,), f"No column is called like a target; {name} is the last one that can be one."
    return (), "No column can be a target: name it."


def _is_of_inputs(columns: Columns) -> bool:
    """True for an array of inputs, or a column of them alone. A column beside others may be called x."""
    return INPUTS in columns and (columns[INPUTS].is_array or len(columns) == 1)


def _numbered(columns: Columns) -> tuple[str, ...]:
    """Columns that are called ``target_1``, ``y0`` and so on, if there are two or more."""
    stems = ("target", "label", "y")
    matches = [name for name in columns if name.casefold().rstrip("0123456789").rstrip("_") in stems]
    return tuple(matches) if len(matches) > 1 else ()


def task_of(target: Sequence[Column]) -> tuple[Task, int | None, str]:
    """Return the task of a target, the number of classes or labels, and the reason."""
    if len(target) > 1:
        if all(_is_binary(each) for each in target):
            return "labels", len(target), f"Each of the {len(target)} columns is 0 or 1."
        return "values", None, f"The {len(target)} columns are numbers."
    (column,) = target
    if column.is_array:
        return _task_of_rows(column)
    if column.profile.type in ("category", "boolean", "text"):
        return "classes", column.profile.distinct, f"{column.name} has {_count(column)} distinct values."
    if classes := _classes(column):
        return "classes", classes, f"{column.name} has {_count(column)} distinct integers."
    if is_divided(column):
        return "classes", column.profile.distinct, f"{column.name} has {_count(column)} distinct, evenly spaced values."
    return "values", None, f"{column.name} has {_count(column)} distinct numbers."


def _task_of_rows(column: Column) -> tuple[Task, int | None, str]:
    """The task of an array of targets: one-hot rows, labels, classes in a column, or values."""
    width, profile = column.profile.shape[-1], column.profile
    binary = (profile.minimum, profile.maximum) == (0, 1) and is_integral(column)
    if binary and width > 1 and profile.zeros == 1 - 1 / width and one_hot(column):
        return "classes", width, f"Each row of {column.name} has a single 1: the classes are one-hot."
    if binary and width > 1:
        return "labels", width, f"The rows of {column.name} hold zeros and ones."
    if width == 1 and is_integral(column) and 1 <= (profile.maximum or 0) < MAX_CLASSES and profile.minimum == 0:
        return "classes", int(profile.maximum or 0) + 1, f"{column.name} holds small integers."
    return "values", None, f"The rows of {column.name} hold numbers."


def is_integral(column: Column) -> bool:
    """True if some rows of an array, spread evenly over it, are integers."""
    sample = sample_of(column)
    return bool((sample == np.floor(sample)).all())


def one_hot(column: Column) -> bool:
    """True if some rows of an array, spread evenly over it, add up to 1."""
    return bool((sample_of(column).sum(axis=-1) == 1).all())


def _classes(column: Column) -> int | None:
    """The number of classes that integers count; None if they are values."""
    profile = column.profile
    if profile.type != "integer" or profile.distinct is None or not 2 <= profile.distinct <= MAX_CLASSES:
        return None
    low, high = int(profile.minimum or 0), int(profile.maximum or 0)
    enough = profile.distinct == 2 or (
        profile.rows >= MIN_ROWS_PER_CLASS * profile.distinct and profile.distinct >= MIN_DENSITY * (high - low + 1)
    )
    if not enough:
        return None
    return high + 1 if low >= 0 and high < MAX_CLASSES else profile.distinct


def is_divided(column: Column) -> bool:
    """True if numbers that are no integers are as few and as evenly spaced as labels divided by a constant."""
    if column.profile.type != "number" or column.distinct is None or not 2 < len(column.distinct) <= MAX_DIVIDED:
        return False
    if column.profile.rows < MIN_ROWS_PER_CLASS * len(column.distinct) or column.profile.infinite:
        return False
    steps = np.diff(column.distinct.astype(np.float64))
    return bool(steps.max() <= steps.min() * 1.001)


def _count(column: Column) -> str:
    return "more than 10,000" if column.profile.distinct is None else f"{column.profile.distinct:,}"


def _is_binary(column: Column) -> bool:
    integral = column.profile.type in ("integer", "boolean")
    return integral and column.profile.distinct == 2 and (column.profile.minimum, column.profile.maximum) == (0, 1)


def _is_constant(column: Column) -> bool:
    return column.profile.distinct is not None and column.profile.distinct < 2


def _is_split(column: Column) -> bool:
    return column.name.casefold() in SPLITS and bool(_of_training(column))


def _of_training(column: Column) -> tuple[str, ...]:
    """The categories that stand for training."""
    return tuple(each for each in column.categories if each.casefold() in TRAIN)


def _is_time(column: Column) -> bool:
    parts = re.split(r"[^a-z]+", column.name.casefold())
    named = column.name.casefold() in WHOLE_TIMES or any(each in TIMES for each in parts)
    return column.profile.type == "date" or (named and column.is_number)


def _split(columns: Columns, target: Sequence[Column], task: Task | None) -> SplitProposal | None:
    if f"{INPUTS}{VALIDATION}" in columns:
        return None
    for column in columns.values():
        if _is_split(column):
            reason = f"{column.name} says which part each is."
            return SplitProposal(kind="by_column", column=column.name, train=_of_training(column), reason=reason)
    for column in columns.values():
        if _is_time(column) and is_ordered(column):
            reason = f"The rows are in the order of {column.name}: a network is judged on what comes after its samples."
            return SplitProposal(kind="in_order", reason=reason)
    counts = target[0].counts if task == "classes" and len(target) == 1 else None
    if counts is not None and len(counts) > 1 and 2 <= counts.min() < EVEN * counts.mean():
        share = counts.min() / counts.sum()
        reason = f"The rarest class has {share:.2%} of the rows: each part gets its share of it."
        return SplitProposal(kind="stratified", reason=reason)
    return SplitProposal(kind="random", reason="Nothing shows an order or a division of the rows.")


def _left_out(columns: Columns, target: Sequence[str], split: SplitProposal | None) -> dict[str, str]:
    """The columns that are no features, with the reasons."""
    reasons = {}
    for name, column in columns.items():
        if name in target:
            continue
        if name.casefold() in WEIGHTS:
            reasons[name] = "It is called like the weights of samples."
        elif split is not None and name == split.column:
            reasons[name] = "It says to which part a row belongs."
        elif column.profile.type == "text":
            reasons[name] = "It has more than 10,000 texts."
        elif _is_time(column):
            reasons[name] = "It says when a row was recorded."
        elif is_identifier(column):
            reasons[name] = NUMBERS_ROWS
        elif _is_constant(column):
            reasons[name] = "It has one value."
    return reasons
