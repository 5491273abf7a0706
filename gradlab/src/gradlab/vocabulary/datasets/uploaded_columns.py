"""Checks of an uploaded dataset's columns: their uses, the parts, and the steps that prepare them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gradlab.frozen import ByName
from gradlab.vocabulary.splits import SplitByColumn

if TYPE_CHECKING:
    from gradlab.vocabulary.datasets.uploaded import UploadedDataset

Refusal = tuple[str, str, str]


def problems_of(dataset: "UploadedDataset") -> Iterator[Refusal]:
    """Yield the problems of a dataset that are seen without its file: field, expected, received."""
    for problems in (_of_names, _of_inputs, _of_roles, _of_parts, _of_steps):
        yield from problems(dataset)


def _of_names(dataset: "UploadedDataset") -> Iterator[Refusal]:
    """Yield the problems of objects that do not name the same outputs, or others than `samples`."""
    targets, tasks, samples = dataset.target_columns, dataset.task, dataset.samples
    if isinstance(tasks, ByName) and targets is not None and _names(tasks) != _names(targets):
        yield "task", f"a task for each output of `target`: {_listed(targets)}", ", ".join(tasks)
    if samples is None:
        return
    if _names(dataset.features) != {each.name for each in samples.inputs}:
        received = ", ".join(each.name for each in samples.inputs) or "none"
        yield "samples.inputs", f"the names of `features`: {_listed(dataset.features)}", received
    if _names(targets) != {each.name for each in samples.outputs}:
        received = ", ".join(each.name for each in samples.outputs) or "none"
        yield "samples.outputs", f"the names of `target`: {_listed(targets)}", received


def _names(values: object) -> set[str]:
    """Return the names of values by name; none for another form."""
    return set(values) if isinstance(values, ByName) else set()


def _listed(values: object) -> str:
    return ", ".join(values) if isinstance(values, ByName) else "none, as they are not by name"


def _of_inputs(dataset: "UploadedDataset") -> Iterator[Refusal]:
    """Yield the problems of targets that are inputs: columns besides, and inputs that do not exist."""
    features, targets = dataset.features, dataset.target_columns
    if targets is None and isinstance(dataset.task, ByName):
        return  # until columns of the outputs' names are filled in
    # The inputs' names are not known before they are filled in.
    may_be_named = isinstance(targets, ByName) and features is None and dataset.samples is None
    for name, given in targets.items() if isinstance(targets, ByName) else [("", targets)]:
        field = f"target.{name}" if name else "target"
        received = given if isinstance(given, str) else ", ".join(given or ["null"])
        if dataset.task_of(name) != "inputs":
            if name and given is None:
                yield field, "the column to predict", received
        elif isinstance(features, ByName):
            if given not in features:
                yield field, f'with the task "inputs" the name of an input: {", ".join(features)}', received
        elif given is not None and not may_be_named:
            yield field, 'null: with the task "inputs" a sample\'s target is its inputs', received


def _of_roles(dataset: "UploadedDataset") -> Iterator[Refusal]:
    """Yield the problems of the columns' uses.

    One column may enter several inputs, and be the target of several outputs.
    """
    for field, given in (("features", dataset.features), ("target", dataset.target_columns)):
        by_name = {f"{field}.{name}": columns for name, columns in given.items()} if isinstance(given, ByName) else {}
        for place, columns in by_name.items() if by_name else [(field, given)]:
            if isinstance(columns, tuple) and (twice := next((c for c in columns if columns.count(c) > 1), None)):
                yield place, "each column once", twice
    part = (dataset.split.column,) if isinstance(dataset.split, SplitByColumn) else ()
    weight = (dataset.sample_weight,) if dataset.sample_weight is not None else ()
    taken = dict.fromkeys(dataset.feature_columns or (), "features")
    for use, used in (("target", dataset.targets), ("sample_weight", weight), ("split.column", part)):
        for column in used:
            if (other := taken.setdefault(column, use)) != use:
                yield use, f"another column than those of {other}", column


def _of_parts(dataset: "UploadedDataset") -> Iterator[Refusal]:
    """Yield the problems of split, validation and window."""
    split, window = dataset.split, dataset.window
    if split is not None and dataset.validation is not None:
        yield "split", "null beside `validation`, whose rows are the validation part", split.kind
    if dataset.validation == dataset.id:
        yield "validation", "another dataset than the one to train on", dataset.id
    if split is not None and split.kind == "stratified":
        if isinstance(dataset.target_columns, ByName):
            yield "split", "a split for several outputs: stratified is by the classes of one", "stratified"
        elif dataset.task != "classes":
            received = f'stratified with the task "{dataset.task}"'
            yield "split", 'a split for this task: stratified is for "classes"', received
    if window is None:
        return
    if dataset.validation is None and (split is None or split.kind != "in_order"):
        received = "null" if split is None else split.kind
        yield "split", "in_order, or `validation`: windows are cut from rows in order", received
    if dataset.task == "inputs" or (isinstance(dataset.task, ByName) and "inputs" in dataset.task.values()):
        yield "window", 'null with the task "inputs"', "a window"


def _of_steps(dataset: "UploadedDataset") -> Iterator[Refusal]:
    """Yield the problems of the preparation: columns that no step of its kind can prepare."""
    targets, features = set(dataset.targets), dataset.feature_columns
    numbers = columns_of_values(dataset)
    for place, step in enumerate(dataset.prepare):
        field = f"prepare[{place}].columns"
        for column in step.columns or ():
            if column in targets and not (step.of_targets and column in numbers):
                expected = f'columns that {step.kind} prepares; targets only of numbers, with the task "values"'
                yield field, expected, column
            elif column not in targets and features is not None and column not in features:
                yield field, "columns among features and targets", column


def columns_of_values(dataset: "UploadedDataset") -> tuple[str, ...]:
    """Return the target's columns that are values for every output that they are the target of."""
    given = dataset.target_columns
    if not isinstance(given, ByName):
        return dataset.targets if dataset.task == "values" else ()
    # A column that is classes for another output stays what it is.
    others = {
        column
        for name, columns in given.items()
        if dataset.task_of(name) not in ("values", "inputs")
        for column in listed(columns)
    }
    return tuple(column for column in dataset.targets if column not in others)


def listed(named: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the columns of a target by name: one, several or none."""
    return () if named is None else (named,) if isinstance(named, str) else named
