"""Standardisation of an uploaded dataset's columns, as a step behind those that it has."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gradlab.errors import Invalid, Problem
from gradlab.frozen import ByName
from gradlab.spec import ExperimentSpec
from gradlab.spec.ends import takes_rows
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.datasets.uploaded_columns import columns_of_values
from gradlab.vocabulary.preparations import MinMax, Preparation, Standardise

Step = dict[str, Any]


def standardised_inputs(spec: ExperimentSpec) -> dict[str, Any]:
    """Return the fields of the dataset that bring its features of numbers to mean 0 and standard deviation 1.

    Signals and images are scaled by channel, so that their places stay comparable. Of several inputs those that an
    embedding takes stay as they are.

    Raises:
        Invalid: a step does so, or brings all of them to a range within [-1, 1].
    """
    dataset = spec.dataset
    assert isinstance(dataset, UploadedDataset)
    scaled = [step for step in dataset.prepare if step.columns is None and _is_scaling(step)]
    if scaled:
        raise Invalid(Problem("dataset.prepare", "no step that scales every feature already", scaled[0].kind))
    if isinstance(dataset.features, ByName):
        return _standardised_each(spec, dataset, dataset.features)
    each = "channel" if len(dataset.feature_shape) > 1 else "number"
    samples = dataset.ready.model_copy(update={"whole_below": None})
    return _with_steps(dataset, [{"kind": "standardise", "each": each}]) | {"samples": samples.model_dump(mode="json")}


def _standardised_each(
    spec: ExperimentSpec, dataset: UploadedDataset, features: ByName[tuple[str, ...]]
) -> dict[str, Any]:
    """The fields of the dataset that standardise each of several inputs that no step scales."""
    done = {column for step in dataset.prepare if _is_scaling(step) for column in step.columns or ()}
    numeric = [each for each in spec.inputs if not takes_rows(spec.layers, each.name)]
    left = [each for each in numeric if not {*features[each.name]} <= done]
    if not left:
        raise Invalid(Problem("dataset.prepare", "no step that scales every input of numbers already", "one for each"))
    steps = []
    for each, is_array in (("number", False), ("channel", True)):
        own = _distinct(features[entry.name] for entry in left if (len(entry.shape) > 1) == is_array)
        if columns := [column for column in own if column not in done]:
            steps.append({"kind": "standardise", "each": each, "columns": columns})
    names = {entry.name for entry in left}
    inputs = tuple(
        each.model_copy(update={"whole_below": None}) if each.name in names else each for each in dataset.ready.inputs
    )
    samples = dataset.ready.model_copy(update={"inputs": inputs})
    return _with_steps(dataset, steps) | {"samples": samples.model_dump(mode="json")}


def standardised_targets(dataset: UploadedDataset) -> dict[str, Any]:
    """Return the fields of the dataset that bring its targets to mean 0 and standard deviation 1.

    Of several outputs those whose targets are values, and that no step standardises.

    Raises:
        Invalid: they are no values of columns, or a step standardises them.
    """
    columns = columns_of_values(dataset)
    if not columns:
        tasks = dataset.task if isinstance(dataset.task, str) else ", ".join(dataset.task.values())
        raise Invalid(Problem("dataset.task", 'values, which can be scaled: "values"', f'"{tasks}"'))
    done = {each for step in dataset.prepare if isinstance(step, Standardise) for each in step.columns or ()}
    left = [column for column in columns if column not in done]
    if not left or (isinstance(dataset.task, str) and len(left) < len(columns)):
        raise Invalid(Problem("dataset.prepare", "no step that standardises targets", "standardise"))
    return _with_steps(dataset, [{"kind": "standardise", "columns": left}])


def _distinct(columns: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield each column once."""
    yield from dict.fromkeys(column for each in columns for column in each)


def _is_scaling(step: Preparation) -> bool:
    if isinstance(step, MinMax):
        return max(abs(step.low), abs(step.high)) <= 1
    return isinstance(step, Standardise)


def _with_steps(dataset: UploadedDataset, steps: Sequence[Step]) -> dict[str, Any]:
    return {"prepare": [*(each.model_dump(mode="json") for each in dataset.prepare), *steps]}
