"""Fill in what follows from a file in the spec of an uploaded dataset, from the summary of its columns alone."""

from collections.abc import Mapping, Sequence

from core.samples.forms import inputs_form, target_form, whole_below
from core.samples.roles import features_of, targets_of
from core.samples.sources import listed
from core.samples.summary import ColumnSummary, TableSummary
from gradlab.errors import Invalid, Problem
from gradlab.spec.problems import among
from gradlab.vocabulary.datasets.uploaded import Samples, UploadedDataset
from gradlab.vocabulary.splits import AnySplit, RandomSplit, SplitByColumn

Columns = Mapping[str, ColumnSummary]


def filled(dataset: UploadedDataset, table: TableSummary, validation: TableSummary | None = None) -> UploadedDataset:
    """Return the spec of a dataset with its target's columns, its split and what follows from the file.

    Args:
        dataset: the spec as a client sent it.
        table: the summary of `dataset.id`.
        validation: that of `dataset.validation`, if the spec names one.

    Raises:
        Invalid: a column is missing or cannot be used so, or what the client filled in does not follow from the file.
    """
    split = dataset.split
    if split is None and validation is None and not table.validation_rows:
        split = RandomSplit()
    # The columns of the validation part; None where it is cut from the same table.
    beside = validation.columns if validation else None if split else table.validation
    named = dataset.model_copy(
        update={"split": split, "target_columns": _written(targets_of(dataset, tuple(table.columns)))}
    )
    features = features_of(named, {name: each.shape for name, each in table.columns.items()})
    _check_names(named, features, table, beside)
    columns, own = _both(table.columns, beside), table.columns
    shape = inputs_form(named, features, columns)
    target, classes = target_form(named, shape, own, beside)
    train, val = _counts(named, split, table, validation)
    samples = Samples(
        train_count=train,
        val_count=val,
        feature_shape=shape,
        target=target,
        classes=classes,
        whole_below=whole_below(named, features, columns, beside),
    )
    if dataset.samples not in (None, samples):
        received = dataset.samples.model_dump_json() if dataset.samples else "null"
        raise Invalid(
            Problem("dataset.samples", f"null, or what follows from the file: {samples.model_dump_json()}", received)
        )
    return named.model_copy(update={"samples": samples})


def _written(targets: tuple[str, ...]) -> str | tuple[str, ...] | None:
    return targets if len(targets) > 1 else targets[0] if targets else None


def _check_names(
    dataset: UploadedDataset, features: Sequence[str], table: TableSummary, beside: Columns | None
) -> None:
    """Refuse columns that are not in the file, and those that the validation part lacks or has in another form."""
    part = dataset.split.column if isinstance(dataset.split, SplitByColumn) else None
    named = [("features", name) for name in features] + [("target", name) for name in dataset.targets]
    named += [("sample_weight", dataset.sample_weight)] if dataset.sample_weight else []
    named += [("split.column", part)] if part else []
    for place, step in enumerate(dataset.prepare):
        named += [(f"prepare[{place}].columns", name) for name in step.columns or ()]
    problems = dict.fromkeys(
        problem for field, name in named if (problem := _missing(f"dataset.{field}", name, table, beside))
    )
    if problems:
        raise Invalid(*problems)


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
