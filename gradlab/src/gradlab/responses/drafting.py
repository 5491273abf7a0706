"""Drafts: the dataset and the training of a spec, from a translated Keras model and the profile of samples.

Every choice that nobody made is an assumption, in a sentence.
"""

from dataclasses import dataclass
from typing import Any

from gradlab.profile import Profile
from gradlab.responses.drafted_columns import features_of, steps_of, target_of, task_of
from gradlab.responses.drafted_training import training_of
from gradlab.schemas.drafts import DraftRequest
from gradlab.translate.from_keras import Translation

Fields = dict[str, Any]
# Names of the arrays of an NPZ file, as `POST /datasets` takes it.
ARRAY, ARRAY_TARGET, ARRAY_VALIDATION = "x", "y", "x_val"


@dataclass(frozen=True)
class Draft:
    """A spec without what follows from the file, and what was assumed.

    Attributes:
        fields: the spec's fields but epochs and seeds.
        assumptions: a sentence for each choice that nobody made.
    """

    fields: Fields
    assumptions: tuple[str, ...]


def draft(request: DraftRequest, translation: Translation, profile: Profile) -> Draft:
    """Put a model and a dataset together.

    Raises:
        Invalid: no column can be the target, or the columns do not fit the model's input.
    """
    assumptions: list[str] = []
    dataset = _dataset(request, translation, profile, assumptions)
    training = training_of(request, translation, dataset["task"], assumptions)
    fields = {
        "name": request.name,
        "dataset": dataset,
        "model": translation.model.model_dump(mode="json", by_alias=True),
        "training": training,
    }
    return Draft(fields, tuple(assumptions))


def _dataset(request: DraftRequest, translation: Translation, profile: Profile, assumptions: list[str]) -> Fields:
    arrays = {column.name for column in profile.columns}
    fields: Fields = {"kind": "uploaded", "id": request.dataset}
    if ARRAY in arrays and request.features is None:
        fields |= _of_arrays(request, translation, profile, assumptions)
    else:
        fields |= _of_table(request, translation, profile, assumptions)
    return fields | _parts(request, profile, "window" in fields, assumptions)


def _of_arrays(request: DraftRequest, translation: Translation, profile: Profile, assumptions: list[str]) -> Fields:
    has_target = request.target is not None or any(column.name == ARRAY_TARGET for column in profile.columns)
    if not has_target and request.task in (None, "inputs"):
        assumptions.append(f"There is no array {ARRAY_TARGET}: the network learns to repeat its inputs.")
        return {"task": "inputs"}
    target = target_of(request, profile, assumptions)
    fields: Fields = {"task": task_of(request, translation, profile, target, assumptions)}
    if request.target is not None:
        fields["target"] = request.target
    if request.prepare is not None:
        fields["prepare"] = _dumped(request.prepare)
    return fields


def _of_table(request: DraftRequest, translation: Translation, profile: Profile, assumptions: list[str]) -> Fields:
    target = () if request.task == "inputs" else target_of(request, profile, assumptions)
    shape = _input_shape(translation)
    task = request.task or task_of(request, translation, profile, target, assumptions)
    features = features_of(request, profile, target, shape, assumptions)
    steps = steps_of(request, profile, features, assumptions)
    fields: Fields = {"task": task, "features": list(features.names), "prepare": steps}
    if target:
        fields["target"] = target[0] if len(target) == 1 else list(target)
    if shape is not None and len(shape) == 2 and shape[0] is not None:
        assumptions.append(
            f"The model takes sequences of {shape[0]} steps: each is cut from as many rows in order, and predicts "
            "the target of the row after them."
        )
        fields["window"] = {"steps": shape[0]}
    return fields


def _parts(request: DraftRequest, profile: Profile, in_windows: bool, assumptions: list[str]) -> Fields:
    """The division into training and validation samples."""
    if request.validation is not None:
        return {"validation": request.validation}
    if any(column.name == ARRAY_VALIDATION for column in profile.columns):
        return {}
    if in_windows:
        assumptions.append("The last fifth of the rows is for validation, as the rows are in order.")
        return {"split": {"kind": "in_order"}}
    proposed = profile.proposal.split
    if proposed is None or proposed.kind == "random":
        assumptions.append("A fifth of the rows, at random, is for validation.")
        return {"split": {"kind": "random"}}
    assumptions.append(f"{proposed.reason} The split is {proposed.kind.replace('_', ' ')}.")
    column = {"column": proposed.column} if proposed.column is not None else {}
    return {"split": {"kind": proposed.kind, **column}}


def _input_shape(translation: Translation) -> tuple[int | None, ...] | None:
    return translation.input_shapes[0] if len(translation.input_shapes) == 1 else None


def _dumped(steps: Any) -> list[Fields]:
    return [step.model_dump(mode="json") for step in steps]
