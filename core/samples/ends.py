"""Columns of the inputs and outputs of a network that has several, where a spec does not name them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gradlab.errors import Invalid, Problem
from gradlab.frozen import ByName
from gradlab.vocabulary.datasets.uploaded import UploadedDataset


def named(
    dataset: UploadedDataset, columns: Sequence[str], inputs: Sequence[str], outputs: Sequence[str]
) -> UploadedDataset:
    """Return a dataset in which each of several inputs and outputs has its columns.

    Args:
        dataset: the spec as a client sent it.
        columns: the columns of the file.
        inputs: the names of the network's inputs.
        outputs: the names of its outputs.

    Raises:
        Invalid: the spec names no columns for them, and the file has none of their names.
    """
    update: dict[str, ByName[str | tuple[str, ...] | None]] = {}
    if dataset.features is None and len(inputs) > 1:
        update["features"] = ByName({name: (_column("features", name, inputs, columns),) for name in inputs})
    if dataset.target_columns is None and len(outputs) > 1:
        update["target_columns"] = ByName(
            {name: None if _is_input(dataset, name) else _column("target", name, outputs, columns) for name in outputs}
        )
    return dataset.model_copy(update=update) if update else dataset


def _is_input(dataset: UploadedDataset, output: str) -> bool:
    """True if the targets of an output are inputs. An output without a task is found by the spec's validation."""
    return (dataset.task.get(output) if isinstance(dataset.task, ByName) else dataset.task) == "inputs"


def _column(field: str, name: str, names: Sequence[str], columns: Sequence[str]) -> str:
    if name in columns:
        return name
    missing = [each for each in names if each not in columns]
    what = "columns of each input" if field == "features" else "columns to predict of each output"
    expected = f"an object with the {what}, {', '.join(names)}; or columns of these names"
    raise Invalid(Problem(f"dataset.{field}", expected, f"null, and the file has no column {', '.join(missing)}"))


@contextmanager
def errors_of(field: str, name: str) -> Iterator[None]:
    """Name one of several inputs or outputs in the field of errors: ``dataset.target.price``."""
    try:
        yield
    except Invalid as error:
        if not name:
            raise
        problems = (
            Problem(f"{field}.{name}", each.expected, each.received) if each.field == field else each
            for each in error.problems
        )
        raise Invalid(*problems, omitted=error.omitted) from None
