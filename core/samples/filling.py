"""Fill in what follows from a file in the spec of an uploaded dataset, from the summary of its columns alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.samples.ends import errors_of, named
from core.samples.forms import inputs_form, target_form, whole_below
from core.samples.roles import features_of, targets_of
from core.samples.sources import listed
from core.samples.summary import ColumnSummary, TableSummary
from gradlab.errors import Invalid, Problem
from gradlab.frozen import ByName
from gradlab.spec.problems import among
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.datasets.uploaded_parts import (
    input_names,
    output_names,
    part_of_input,
    part_of_output,
    parts_by_output,
)
from gradlab.vocabulary.datasets.uploaded_samples import SampleInput, SampleOutput, Samples
from gradlab.vocabulary.splits import AnySplit, RandomSplit, SplitByColumn

Columns = Mapping[str, ColumnSummary]
Shape = tuple[int, ...]


def filled(
    dataset: UploadedDataset,
    table: TableSummary,
    validation: TableSummary | None = None,
    *,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> UploadedDataset:
    """Return the spec of a dataset with its target's columns, its split and what follows from the file.

    Args:
        dataset: the spec as a client sent it.
        table: the summary of `dataset.id`.
        validation: that of `dataset.validation`, if the spec names one.
        inputs: the names of the network's inputs in its order; () if only the dataset is there.
        outputs: the names of its outputs, likewise.

    Raises:
        Invalid: a column is missing or cannot be used so, or what the client filled in does not follow from the file.
    """
    split = dataset.split
    if split is None and validation is None and not table.validation_rows:
        split = RandomSplit()
    # The columns of the validation part; None where it is cut from the same table.
    beside = validation.columns if validation else None if split else table.validation
    columns = {name: each.shape for name, each in table.columns.items()}
    whole = named(dataset, tuple(columns), inputs, outputs).model_copy(update={"split": split})
    if not isinstance(whole.target_columns, ByName) and whole.task != "inputs":
        whole = whole.model_copy(update={"target_columns": _written(targets_of(whole, tuple(columns)))})
    _check_names(whole, features_of(whole, columns), table, beside)
    samples = _Forms(whole, table.columns, beside).samples(_counts(whole, split, table, validation), inputs, outputs)
    if dataset.samples not in (None, samples):
        received = dataset.samples.model_dump_json() if dataset.samples else "null"
        raise Invalid(
            Problem("dataset.samples", f"null, or what follows from the file: {samples.model_dump_json()}", received)
        )
    return whole.model_copy(update={"samples": samples})


class _Forms:
    """Forms of the inputs and targets of a dataset, from the columns of both parts."""

    def __init__(self, dataset: UploadedDataset, own: Columns, beside: Columns | None) -> None:
        self._dataset, self._own, self._beside = dataset, own, beside
        self._both = _both(own, beside)
        self._shapes = {name: each.shape for name, each in own.items()}

    def samples(self, counts: tuple[int, int], inputs: Sequence[str], outputs: Sequence[str]) -> Samples:
        """Return counts and forms, those of several inputs and outputs in the order of their names.

        Raises:
            Invalid: columns cannot be used so.
        """
        entering = [self._input(name) for name in input_names(self._dataset, inputs)]
        predicted = [self._output(name) for name in output_names(self._dataset, outputs)]
        fields: dict[str, Any] = (
            {"inputs": tuple(entering)} if entering[0].name else _only(entering[0], "feature_shape")
        )
        fields |= {"outputs": tuple(predicted)} if predicted[0].name else _only(predicted[0], "target")
        return Samples(train_count=counts[0], val_count=counts[1], **fields)

    def _input(self, name: str) -> SampleInput:
        part = part_of_input(self._dataset, name)
        features = features_of(part, self._shapes)
        with errors_of("dataset.features", name):
            shape = inputs_form(part, features, self._both)
            below = whole_below(part, features, self._both, self._beside)
        return SampleInput.model_construct(name=name, shape=shape, whole_below=below)

    def _output(self, name: str) -> SampleOutput:
        part = part_of_output(self._dataset, name)
        with errors_of("dataset.target", name):
            shape: Shape = ()
            if part.task == "inputs":
                shape = inputs_form(part, features_of(part, self._shapes), self._both)
            target, classes = target_form(part, shape, self._own, self._beside)
        return SampleOutput.model_construct(name=name, target=target, classes=classes)


def _only(form: SampleInput | SampleOutput, shape: str) -> dict[str, Any]:
    """Return the form of the only input or output as fields of `Samples`."""
    fields = {name: getattr(form, name) for name in type(form).model_fields if name != "name"}
    return {shape if name in ("shape", "target") else name: value for name, value in fields.items()}


def _written(targets: tuple[str, ...]) -> str | tuple[str, ...] | None:
    return targets if len(targets) > 1 else targets[0] if targets else None


def _check_names(
    dataset: UploadedDataset, features: Sequence[str], table: TableSummary, beside: Columns | None
) -> None:
    """Refuse columns that are not in the file, and those that the validation part lacks or has in another form."""
    part = dataset.split.column if isinstance(dataset.split, SplitByColumn) else None
    uses = _uses(dataset, features)
    uses += [("sample_weight", dataset.sample_weight)] if dataset.sample_weight else []
    uses += [("split.column", part)] if part else []
    for place, step in enumerate(dataset.prepare):
        uses += [(f"prepare[{place}].columns", name) for name in step.columns or ()]
    problems = dict.fromkeys(
        problem for field, name in uses if (problem := _missing(f"dataset.{field}", name, table, beside))
    )
    if problems:
        raise Invalid(*problems)


def _uses(dataset: UploadedDataset, features: Sequence[str]) -> list[tuple[str, str]]:
    """Return features and targets with the field of each: ``target.price`` for one of several outputs."""
    if isinstance(dataset.features, ByName):
        uses = [(f"features.{name}", column) for name, columns in dataset.features.items() for column in columns]
    else:
        uses = [("features", column) for column in features]
    for name, part in parts_by_output(dataset).items():
        field = f"target.{name}" if name else "target"
        uses += [(field, column) for column in part.targets]
    return uses


def _missing(field: str, name: str, table: TableSummary, beside: Columns | None) -> Problem | None:
    if name in table.uncategorised:
        received = f"{name}, with {table.uncategorised[name]:,} different texts"
        return Problem(field, "a column of numbers, or of few enough texts to be kept as categories", received)
    if name not in table.columns:
        return Problem(field, among(tuple(table.columns), name), name)
    if beside is None:
        return None
    own, other = table.columns[name], beside.get(name)
    if other is None:
        return Problem(field, f"columns that the validation part has: {among(tuple(beside), name)}", name)
    if (own.shape, own.is_text) != (other.shape, other.is_text):
        return Problem(field, "columns of one form in both parts", f"{name}: {_form(own)}, and {_form(other)}")
    return None


def _form(column: ColumnSummary) -> str:
    return "texts" if column.is_text else f"numbers of shape {column.shape}"


def _both(own: Columns, beside: Columns | None) -> Columns:
    """Return the columns with the range and the gaps of both parts."""
    if beside is None:
        return own
    return {name: _wider(each, beside[name]) if name in beside else each for name, each in own.items()}


def _wider(own: ColumnSummary, other: ColumnSummary) -> ColumnSummary:
    return own.model_copy(
        update={
            "missing": own.missing + other.missing,
            "infinite": own.infinite + other.infinite,
            "low": min(own.low, other.low),
            "high": max(own.high, other.high),
            "is_whole": own.is_whole and other.is_whole,
        }
    )


def _counts(
    dataset: UploadedDataset, split: AnySplit | None, table: TableSummary, validation: TableSummary | None
) -> tuple[int, int]:
    """Return the number of training and of validation samples. Raises Invalid if a part has none."""
    rows = _rows(split, table, validation)
    window = dataset.window
    counts = rows if window is None else (window.count(rows[0]), window.count(rows[1]))
    if min(counts) < 1:
        field = "dataset.split" if window is None else "dataset.window"
        expected = "a training and a validation part with a sample at least"
        raise Invalid(Problem(field, expected, f"{rows[0]:,} and {rows[1]:,} rows"))
    return counts


def _rows(split: AnySplit | None, table: TableSummary, validation: TableSummary | None) -> tuple[int, int]:
    if split is None:
        return table.rows, validation.rows if validation else table.validation_rows or 0
    if isinstance(split, SplitByColumn):
        return _rows_by_column(split, table)
    if table.rows < 2:
        raise Invalid(Problem("dataset.split", "two rows at least to divide", f"{table.rows}"))
    train: int = split.train_count(table.rows)  # type: ignore[attr-defined]
    return train, table.rows - train


def _rows_by_column(split: SplitByColumn, table: TableSummary) -> tuple[int, int]:
    column = table.columns[split.column]
    if column.values is None or column.shape:
        raise Invalid(Problem("dataset.split.column", "a column with few different values", split.column))
    counts = dict(zip(column.values, column.counts, strict=True))
    unknown = [name for name in split.train if name not in counts]
    if unknown:
        raise Invalid(
            Problem(
                "dataset.split.train", f"values of {split.column}: {among(column.values, unknown[0])}", listed(unknown)
            )
        )
    train = sum(counts[name] for name in dict.fromkeys(split.train))
    return train, table.rows - train
