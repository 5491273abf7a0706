"""Forms of inputs and targets of an uploaded dataset, worked out from summaries of its columns."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from core.samples.roles import steps_of
from core.samples.sources import listed
from core.samples.summary import ColumnSummary
from gradlab.errors import Invalid, Problem
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.datasets.uploaded_samples import MAX_CLASSES, SampleTarget
from gradlab.vocabulary.preparations import Clip, Impute, OneHot, Ordinal, Preparation
from gradlab.vocabulary.splits import StratifiedSplit

Columns = Mapping[str, ColumnSummary]
Shape = tuple[int, ...]
# float32 holds every whole number up to this one.
MAX_WHOLE = 2**24
TARGET = "dataset.target"


def inputs_form(dataset: UploadedDataset, features: Sequence[str], columns: Columns) -> Shape:
    """Return the shape of a prepared sample.

    Raises:
        Invalid: columns cannot be put together, or need steps that the spec does not have.
    """
    steps = {name: _steps(dataset, name, columns[name], is_feature=True) for name in features}
    if problems := tuple(problem for name in features for problem in _unprepared(name, columns[name], steps[name])):
        raise Invalid(*problems)
    _check_gaps([name for name in features if _has_gaps(columns[name], steps[name])], columns, "features")
    shapes = [columns[name].shape for name in features]
    if len(features) == 1 and shapes[0]:
        shape = shapes[0]
    elif large := [name for name, each in zip(features, shapes, strict=True) if len(each) > 1]:
        raise Invalid(Problem("dataset.features", "one array, or columns of numbers", listed(large)))
    else:
        shape = (sum(_width(columns[name], steps[name]) for name in features),)
    return shape if dataset.window is None else (dataset.window.steps, *shape)


def target_form(
    dataset: UploadedDataset, inputs: Shape, columns: Columns, beside: Columns | None
) -> tuple[SampleTarget, tuple[str, ...]]:
    """Return the form of a sample's target, and the classes by name; () for labels and values.

    Args:
        dataset: the spec.
        inputs: the shape of a prepared sample.
        columns: the columns of the file.
        beside: those of a validation part of its own; None without one.

    Raises:
        Invalid: the target's columns cannot be learnt so.
    """
    if dataset.task == "inputs":
        *steps, count = inputs
        return SampleTarget(kind="values", count=count, steps=tuple(steps)), ()
    parts = [part for part in (columns, beside) if part is not None]
    _check_targets(dataset, parts)
    if dataset.task == "classes":
        return _classes(dataset, columns, beside)
    kind: Literal["labels", "values"] = "labels" if dataset.task == "labels" else "values"
    own = [columns[name] for name in dataset.targets]
    if len(own) > 1:
        return SampleTarget(kind=kind, count=len(own)), ()
    *steps, count = own[0].shape or (1,)
    return SampleTarget(kind=kind, count=count, steps=tuple(steps)), ()


def whole_below(
    dataset: UploadedDataset, features: Sequence[str], columns: Columns, beside: Columns | None
) -> int | None:
    """Return the upper bound, exclusive, of inputs that are whole numbers from 0; None for others.

    Args:
        dataset: the spec.
        features: the input columns.
        columns: the columns of the file, with the range and the gaps of both parts.
        beside: those of a validation part of its own; None without one.
    """
    bounds = [
        _bound(
            columns[name], beside.get(name) if beside else None, _steps(dataset, name, columns[name], is_feature=True)
        )
        for name in features
    ]
    finite = [bound for bound in bounds if bound is not None]
    return max(finite) if len(finite) == len(bounds) and max(finite) <= MAX_WHOLE else None


def _steps(
    dataset: UploadedDataset, name: str, column: ColumnSummary, *, is_feature: bool
) -> list[tuple[int, Preparation]]:
    return list(steps_of(dataset, name, is_text=column.is_text, is_feature=is_feature))


def _unprepared(name: str, column: ColumnSummary, steps: Sequence[tuple[int, Preparation]]) -> Iterator[Problem]:
    """Yield the problems of steps that cannot prepare a column, and of texts that no step turns into numbers."""
    is_text, is_encoded = column.is_text, False
    for place, step in steps:
        field = f"dataset.prepare[{place}].columns"
        if isinstance(step, OneHot | Ordinal):
            # Texts are encoded once; after that they are numbers of no column of the file.
            if column.shape or is_encoded or column.distinct is None:
                expected = f"columns of texts or of few different numbers, to be encoded once by {step.kind}"
                yield Problem(field, expected, name)
            is_encoded = True
            is_text = False
        elif is_text and not isinstance(step, Impute):
            yield Problem(
                field, f"columns of numbers for {step.kind}, or texts after one_hot or ordinal", f"{name}, texts"
            )
    if is_text:
        yield Problem("dataset.prepare", "one_hot or ordinal for columns of texts", name)


def _has_gaps(column: ColumnSummary, steps: Sequence[tuple[int, Preparation]]) -> bool:
    """True if a column of numbers has NaN that no step fills, or infinite numbers that none bounds."""
    if column.is_text:
        return False
    kinds = {type(step) for _, step in steps}
    encoded = kinds & {OneHot, Ordinal}
    return bool((column.missing and not encoded and Impute not in kinds) or (column.infinite and Clip not in kinds))


def _check_gaps(names: Sequence[str], columns: Columns, field: str) -> None:
    if not names:
        return
    missing, infinite = (sum(getattr(columns[name], kind) for name in names) for kind in ("missing", "infinite"))
    expected = f"{field} without NaN and infinite numbers, or the steps `impute` and `clip` for them"
    received = f"{missing:,} missing and {infinite:,} infinite numbers in {listed(names)}"
    raise Invalid(Problem("dataset.prepare", expected, received))


def _width(column: ColumnSummary, steps: Sequence[tuple[int, Preparation]]) -> int:
    is_one_hot = any(isinstance(step, OneHot) for _, step in steps)
    return column.distinct or 1 if is_one_hot else math.prod(column.shape)


def _bound(column: ColumnSummary, beside: ColumnSummary | None, steps: Sequence[tuple[int, Preparation]]) -> int | None:
    """Return the upper bound, exclusive, of a column's prepared numbers, if they are whole numbers from 0."""
    kinds = [type(step) for _, step in steps if not isinstance(step, Impute)]
    if any(kind.changes_size for kind in kinds):
        return None
    if kinds:  # encoded: one-hot, or a place, or the number of all for another value
        has_others = _has_others(column, beside, [type(step) for _, step in steps])
        return 2 if OneHot in kinds else (column.distinct or 0) + has_others
    if column.missing or not column.is_whole or column.low < 0:
        return None
    return int(column.high) + 1


def _has_others(column: ColumnSummary, beside: ColumnSummary | None, steps: Sequence[type[Preparation]]) -> bool:
    """True if an encoded column may have values without a place: gaps, or values of the validation part alone."""
    # Missing texts become one of the others; missing numbers become a mean, which has no place.
    is_filled = column.is_text and Ordinal in steps and Impute in steps[: steps.index(Ordinal)]
    if column.missing and not is_filled:
        return True
    if beside is None:
        return False
    return column.values is None or beside.values is None or not set(beside.values) <= set(column.values)


def _check_targets(dataset: UploadedDataset, parts: Sequence[Columns]) -> None:
    """Refuse targets with gaps, texts that are no classes, and arrays among several columns."""
    for name in dataset.targets:
        for column in (part[name] for part in parts):
            if column.missing or column.infinite:
                received = f"{column.missing + column.infinite:,} missing or infinite ones in {name}"
                raise Invalid(Problem(TARGET, "a value in every row: leave out rows without", received))
            if column.is_text and (dataset.task != "classes" or len(dataset.targets) > 1):
                raise Invalid(Problem(TARGET, f"numbers for {dataset.task}", f"{name}, texts"))
            if column.shape and len(dataset.targets) > 1:
                raise Invalid(Problem(TARGET, "columns of numbers, or one array", f"{name} of shape {column.shape}"))
            is_flag = column.is_whole and column.low >= 0 and column.high <= 1
            if not is_flag and (dataset.task == "labels" or (len(dataset.targets) > 1 and dataset.task == "classes")):
                raise Invalid(Problem(TARGET, "numbers of 0 and 1", f"{name}, from {column.low:g} to {column.high:g}"))


def _classes(
    dataset: UploadedDataset, columns: Columns, beside: Columns | None
) -> tuple[SampleTarget, tuple[str, ...]]:
    names = dataset.targets
    steps: Shape = ()
    if len(names) == 1:
        column = columns[names[0]]
        names, steps = _classes_of(names[0], column)
        if steps and isinstance(dataset.split, StratifiedSplit):
            raise Invalid(Problem("dataset.split", "another split: a row has several classes", "stratified"))
        others = beside[dataset.targets[0]].values if beside and not column.is_one_hot else None
        if extra := [name for name in others or () if name not in names]:
            raise Invalid(Problem(TARGET, "no other classes in the validation part than in training", listed(extra)))
    if not 2 <= len(names) <= MAX_CLASSES:
        raise Invalid(Problem(TARGET, f"2 to {MAX_CLASSES:,} classes", f"{len(names):,}: {listed(names)}"))
    return SampleTarget(kind="classes", count=len(names), steps=steps), tuple(names)


def _classes_of(name: str, column: ColumnSummary) -> tuple[tuple[str, ...], Shape]:
    """Return the classes of a target's column, and the axes over which a sample has one at each place."""
    if column.is_one_hot:
        return tuple(map(str, range(column.shape[-1]))), column.shape[:-1]
    if column.values is None:
        many = "more than are listed" if column.distinct is None else f"{column.distinct:,}"
        raise Invalid(Problem(TARGET, f"at most {MAX_CLASSES:,} different values for classes", f"{many} in {name}"))
    return column.values, column.shape[:-1] if column.shape[-1:] == (1,) else column.shape
