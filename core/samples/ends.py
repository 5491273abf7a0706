"""Parts of an uploaded dataset: one of several inputs, or the targets of one of several outputs, as a dataset.

A part has one input and one target, so that whatever reads a dataset reads it, too. It is not validated.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from gradlab.errors import Invalid, Problem
from gradlab.frozen import ByName
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.datasets.uploaded_samples import Samples


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


def input_names(dataset: UploadedDataset, order: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the names of several inputs, in `order` as far as it names them; ("",) for one."""
    return _in_order(dataset.features, order) if isinstance(dataset.features, ByName) else ("",)


def output_names(dataset: UploadedDataset, order: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the names of several outputs, in `order` as far as it names them; ("",) for one."""
    return _in_order(dataset.target_columns, order) if isinstance(dataset.target_columns, ByName) else ("",)


def _in_order(values: Iterable[str], order: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(values, key=lambda name: order.index(name) if name in order else len(order)))


def part_of_input(dataset: UploadedDataset, name: str) -> UploadedDataset:
    """Return the part of one input; its target means nothing. The dataset itself if the name is ""."""
    if not name or not isinstance(dataset.features, ByName):
        return dataset
    update: dict[str, object] = {"features": dataset.features[name], "target_columns": None, "task": "inputs"}
    if dataset.samples is not None:
        form = next(each for each in dataset.samples.inputs if each.name == name)
        update["samples"] = _samples(dataset.samples, feature_shape=form.shape, whole_below=form.whole_below)
    return dataset.model_copy(update=update)


def part_of_output(dataset: UploadedDataset, name: str) -> UploadedDataset:
    """Return the part of one output; its features are those that it predicts, if it predicts an input."""
    columns, features, task = dataset.target_columns, dataset.features, dataset.task
    if isinstance(columns, ByName):
        columns, task = columns[name], dataset.task_of(name)
    if task == "inputs" and isinstance(features, ByName):
        features, columns = features[str(columns)], None
    update: dict[str, object] = {"features": features, "target_columns": columns, "task": task}
    if dataset.samples is not None and dataset.samples.outputs:
        form = next(each for each in dataset.samples.outputs if each.name == name)
        update["samples"] = _samples(dataset.samples, target=form.target, classes=form.classes)
    return dataset.model_copy(update=update)


def _samples(samples: Samples, **form: object) -> Samples:
    return samples.model_copy(update={"inputs": (), "outputs": (), **form})


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
