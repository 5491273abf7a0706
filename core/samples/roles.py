"""Roles of a table's columns in a spec: features, targets, and the steps that prepare each of them."""

from collections.abc import Iterator, Mapping, Sequence

from gradlab.errors import Invalid, Problem
from gradlab.spec.problems import among
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.preparations import Impute, Preparation
from gradlab.vocabulary.splits import SplitByColumn

# The arrays of an NPZ file that are taken where a spec names no columns.
INPUTS, TARGETS = "x", "y"


def targets_of(dataset: UploadedDataset, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the target's columns; () for the task of predicting the inputs.

    Raises:
        Invalid: the spec names none, and there is no array that is taken for it.
    """
    if dataset.targets or dataset.task == "inputs":
        return dataset.targets
    if TARGETS not in columns:
        raise Invalid(Problem("dataset.target", f"the column to predict, {among(columns, '')}", "null"))
    return (TARGETS,)


def features_of(dataset: UploadedDataset, shapes: Mapping[str, tuple[int, ...]]) -> tuple[str, ...]:
    """Return the input columns.

    Args:
        dataset: the spec.
        shapes: shape of a row of each column, in the file's order.

    Raises:
        Invalid: no column is left.
    """
    if dataset.feature_columns is not None:
        return dataset.feature_columns
    if shapes.get(INPUTS):
        return (INPUTS,)
    part = (dataset.split.column,) if isinstance(dataset.split, SplitByColumn) else ()
    taken = {*targets_of(dataset, tuple(shapes)), dataset.sample_weight, *part}
    if left := tuple(name for name in shapes if name not in taken):
        return left
    raise Invalid(Problem("dataset.features", "columns besides target, weight and part", "none"))


def steps_of(
    dataset: UploadedDataset, column: str, *, is_text: bool, is_feature: bool
) -> Iterator[tuple[int, Preparation]]:
    """Yield the steps that prepare a column, each with its place in `prepare`."""
    for place, step in enumerate(dataset.prepare):
        if step.columns is not None:
            if column in step.columns:
                yield place, step
        elif is_feature and (isinstance(step, Impute) or step.of_texts == is_text):
            yield place, step
