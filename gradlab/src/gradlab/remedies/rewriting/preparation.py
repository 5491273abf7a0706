"""Standardisation of an uploaded dataset's columns, as a step behind those that it has."""

from typing import Any

from gradlab.errors import Invalid, Problem
from gradlab.vocabulary.datasets import DatasetSpec
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.preparations import MinMax, Standardise


def standardised_inputs(dataset: DatasetSpec) -> dict[str, Any]:
    """Return the fields of the dataset that bring its features of numbers to mean 0 and standard deviation 1.

    Signals and images are scaled by channel, so that their places stay comparable.

    Raises:
        Invalid: a step does so, or brings all of them to a range within [-1, 1].
    """
    assert isinstance(dataset, UploadedDataset)
    scaled = [step for step in dataset.prepare if step.columns is None and _is_scaling(step)]
    if scaled:
        raise Invalid(Problem("dataset.prepare", "no step that scales every feature already", scaled[0].kind))
    each = "channel" if len(dataset.feature_shape) > 1 else "number"
    samples = dataset.ready.model_copy(update={"whole_below": None})
    return _with_step(dataset, {"kind": "standardise", "each": each}) | {"samples": samples.model_dump(mode="json")}


def standardised_targets(dataset: DatasetSpec) -> dict[str, Any]:
    """Return the fields of the dataset that bring its targets to mean 0 and standard deviation 1.

    Raises:
        Invalid: they are no values of columns, or a step standardises them.
    """
    assert isinstance(dataset, UploadedDataset)
    if dataset.task != "values":
        raise Invalid(Problem("dataset.task", 'values, which can be scaled: "values"', f'"{dataset.task}"'))
    for step in dataset.prepare:
        if isinstance(step, Standardise) and {*dataset.targets} & {*(step.columns or ())}:
            raise Invalid(Problem("dataset.prepare", "no step that standardises targets", step.kind))
    return _with_step(dataset, {"kind": "standardise", "columns": list(dataset.targets)})


def _is_scaling(step: object) -> bool:
    if isinstance(step, MinMax):
        return max(abs(step.low), abs(step.high)) <= 1
    return isinstance(step, Standardise)


def _with_step(dataset: UploadedDataset, step: dict[str, Any]) -> dict[str, Any]:
    return {"prepare": [*(each.model_dump(mode="json") for each in dataset.prepare), step]}
