"""Drafts: the dataset and the training of a spec, from a translated Keras model and the profile of samples.

Every choice that nobody made is an assumption, in a sentence.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from gradlab.profile import ColumnProfile, Profile, SplitProposal
from gradlab.responses.drafted_arrays import ARRAY, array_of, check_shape, steps_of_array
from gradlab.responses.drafted_columns import (
    columns_in,
    features_of,
    one_or_several,
    only,
    steps_of,
    target_of,
    task_of,
    weights_of,
)
from gradlab.responses.drafted_ends import has_several, of_ends
from gradlab.responses.drafted_training import training_of
from gradlab.schemas.drafts import DraftRequest
from gradlab.translate.from_keras import Translation

Fields = dict[str, Any]
# Names of the arrays of an NPZ file, as `POST /datasets` takes it, besides that of the inputs.
ARRAY_TARGET, VALIDATION = "y", "_val"


@dataclass(frozen=True)
class Draft:
    """A spec without what follows from the file, and what was assumed.

    Attributes:
        fields: the spec's fields but epochs and seeds.
        assumptions: a sentence for each choice that nobody made.
    """

    fields: Fields
    assumptions: tuple[str, ...]


def draft(
    request: DraftRequest, translation: Translation, profile: Profile, beside: Collection[str] | None = None
) -> Draft:
    """Put a model and a dataset together.

    Args:
        request: the model, the dataset, and what is known of the training.
        translation: the model.
        profile: that of the dataset, with all columns that may be used.
        beside: the names of the columns of a validation part of its own; None without one.

    Raises:
        Invalid: no column can be the target, or the columns do not fit the model's input.
    """
    assumptions: list[str] = []
    dataset = _dataset(request, translation, profile, beside, assumptions)
    training = training_of(request, translation, dataset["task"], assumptions)
    fields = {
        "name": request.name,
        "dataset": dataset,
        "model": translation.model.model_dump(mode="json", by_alias=True),
        "training": training,
    }
    return Draft(fields, tuple(assumptions))


def _dataset(
    request: DraftRequest,
    translation: Translation,
    profile: Profile,
    beside: Collection[str] | None,
    assumptions: list[str],
) -> Fields:
    fields: Fields = {"kind": "uploaded", "id": request.dataset}
    if has_several(translation):
        fields |= of_ends(request, translation, profile, assumptions)
    elif (array := array_of(profile, only("features", request.features))) is not None:
        fields |= _of_array(request, translation, profile, array, assumptions)
    else:
        fields |= _of_table(request, translation, profile, assumptions)
    taken = {*columns_in(fields.get("features")), *columns_in(fields.get("target"))}
    if weights := weights_of(profile, taken, beside, assumptions):
        fields["sample_weight"] = weights
    return fields | _parts(request, profile, fields, taken, assumptions)


def _of_array(
    request: DraftRequest, translation: Translation, profile: Profile, array: ColumnProfile, assumptions: list[str]
) -> Fields:
    check_shape(array, translation.input_shape)
    fields: Fields = {} if request.features is None else {"features": list(request.features)}
    if steps := steps_of_array(request, array, assumptions):
        fields["prepare"] = steps
    has_target = request.target is not None or bool(profile.proposal.target)
    if not has_target and request.task in (None, "inputs"):
        assumptions.append(f"There is no array {ARRAY_TARGET}: the network learns to repeat its inputs.")
        return fields | {"task": "inputs"}
    if request.task == "inputs":
        return fields | {"task": "inputs"}
    target = target_of(request, profile, assumptions)
    return fields | {
        "task": task_of(request, translation, profile, target, assumptions),
        "target": one_or_several(target),
    }


def _of_table(request: DraftRequest, translation: Translation, profile: Profile, assumptions: list[str]) -> Fields:
    target = () if request.task == "inputs" else target_of(request, profile, assumptions)
    shape = translation.input_shape
    task = request.task or task_of(request, translation, profile, target, assumptions)
    features = features_of(request, profile, target, shape, assumptions)
    steps = steps_of(request, profile, features, assumptions)
    fields: Fields = {"task": task, "features": list(features.names), "prepare": steps}
    if target:
        fields["target"] = one_or_several(target)
    if shape is not None and len(shape) == 2 and shape[0] is not None:
        assumptions.append(
            f"The model takes sequences of {shape[0]} steps: each is cut from as many rows in order, and predicts "
            "the target of the row after them."
        )
        fields["window"] = {"steps": shape[0]}
    return fields


def _parts(
    request: DraftRequest, profile: Profile, dataset: Fields, taken: Collection[str], assumptions: list[str]
) -> Fields:
    """The division into training and validation samples."""
    if request.validation is not None:
        return {"validation": request.validation}
    arrays = {f"{name}{VALIDATION}" for name in columns_in(dataset.get("features", ARRAY))}
    if any(column.name in arrays for column in profile.columns):
        return {}
    if "window" in dataset:
        assumptions.append("The last fifth of the rows is for validation, as the rows are in order.")
        return {"split": {"kind": "in_order"}}
    proposed = profile.proposal.split
    if proposed is None or proposed.kind == "random" or not _applies(proposed, profile, dataset, taken):
        assumptions.append("A fifth of the rows, at random, is for validation.")
        return {"split": {"kind": "random"}}
    assumptions.append(f"{proposed.reason} The split is {proposed.kind.replace('_', ' ')}.")
    column: Fields = {"column": proposed.column} if proposed.column is not None else {}
    if proposed.train:
        column["train"] = list(proposed.train)
    return {"split": {"kind": proposed.kind, **column}}


def _applies(proposed: SplitProposal, profile: Profile, dataset: Fields, taken: Collection[str]) -> bool:
    """True unless a split is proposed for the classes of another target, or by a column that has another use."""
    if proposed.kind == "stratified":
        return dataset["task"] == "classes" and dataset.get("target") in profile.proposal.target
    return proposed.column is None or proposed.column not in taken
