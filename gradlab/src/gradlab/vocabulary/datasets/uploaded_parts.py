"""Parts of an uploaded dataset: one of several inputs, or the targets of one of several outputs, as a dataset.

A part has one input and one target, so that whatever reads a dataset reads it, too. It is not validated.
"""

from collections.abc import Iterable, Sequence

from gradlab.frozen import ByName
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.datasets.uploaded_samples import Samples


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
        form = dataset.samples.input_forms[name]
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
        form = dataset.samples.output_forms[name]
        update["samples"] = _samples(dataset.samples, target=form.target, classes=form.classes)
    return dataset.model_copy(update=update)


def parts_by_output(dataset: UploadedDataset) -> dict[str, UploadedDataset]:
    """Return the part of each output by its name; that of the only one by an empty name."""
    return {name: part_of_output(dataset, name) for name in output_names(dataset)}


def _samples(samples: Samples, **form: object) -> Samples:
    return samples.model_copy(update={"inputs": (), "outputs": (), **form})
