"""Columns of a draft: the target, its task, the features that fit the model's input, and their steps."""

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gradlab.errors import Invalid, Problem
from gradlab.frozen import ByName
from gradlab.profile import ColumnProfile, Profile
from gradlab.profile.model import WEIGHTS
from gradlab.profile.proposing import MAX_CLASSES
from gradlab.schemas.drafts import DraftRequest
from gradlab.translate.from_keras import Translation
from gradlab.vocabulary.datasets.uploaded_columns import listed
from gradlab.vocabulary.preparations import Preparation

# Names that a message lists.
MAX_NAMED = 12
# Type of stored values, as a profile names it, of columns of texts: categories and dates.
TEXT = "text"


@dataclass(frozen=True)
class Features:
    """The columns that a network takes, and how texts among them become numbers.

    Attributes:
        names: the columns, in order.
        texts: those whose values are texts.
        one_hot: True if each text becomes a column of its own, False if it becomes its number.
    """

    names: tuple[str, ...]
    texts: tuple[str, ...]
    one_hot: bool


def target_of(request: DraftRequest, profile: Profile, assumptions: list[str]) -> tuple[str, ...]:
    """Return the target's columns.

    Raises:
        Invalid: none is given and none can be proposed, or there is no such column.
    """
    if request.target is not None:
        names = listed(only("target", request.target))
        _check_names("target", names, profile)
        return names
    proposal = profile.proposal
    if not proposal.target:
        raise Invalid(Problem("target", f"the column to predict: {_some_names(profile)}", "null"))
    assumptions.append(f"The target is {', '.join(proposal.target)}. {proposal.target_reason}")
    return proposal.target


def only(field: str, value: Any) -> Any:
    """Return what a request names for the only input or output. Raises Invalid for an object by name."""
    if isinstance(value, ByName):
        expected = "no object by name, as the model has one input, or one output"
        raise Invalid(Problem(field, expected, f"an object: {', '.join(value)}"))
    return value


def task_of(
    request: DraftRequest, translation: Translation, profile: Profile, target: tuple[str, ...], assumptions: list[str]
) -> str:
    """Return the task: the request's, else the one that the column and the output show."""
    if request.task is not None:
        return str(only("task", request.task))
    if target == profile.proposal.target and profile.proposal.task is not None:
        task, why = str(profile.proposal.task), profile.proposal.task_reason
    else:
        task, why = _task_of_columns([column for column in profile.columns if column.name in target])
    units = translation.output_shape[-1] if translation.output_shape else None
    classes = _class_count(profile, target)
    if task == "values" and units is not None and _are_numbers_of_classes(request, translation, profile, target, units):
        task, why = "classes", f"{target[0]} holds integers from 0 to below {units}, the number of output units."
    if (
        task in ("labels", "values")
        and units is not None
        and _are_rows_of_classes(request, translation, profile, target, units)
    ):
        task, why = "classes", f"{_listed(target)} holds zeros and ones, one for each of the classes of the loss."
    if task == "classes" and units == 1 and classes is not None and classes > 2:
        task, why = "values", f"{why} The model has one output unit: it predicts a number."
    assumptions.append(f"The task is {_words(task)}. {why}")
    return task


def features_of(
    request: DraftRequest,
    profile: Profile,
    target: tuple[str, ...],
    shape: tuple[int | None, ...] | None,
    assumptions: list[str],
) -> Features:
    """Return the features: those of the request, else the columns that fit the model's input.

    Raises:
        Invalid: no choice of columns fits the model's input, or there is no such column.
    """
    inputs = shape[-1] if shape else None
    choices = list(_choices(request, profile, target))
    by_name = {column.name: column for column in profile.columns}
    for names, why in choices:
        columns = [by_name[name] for name in names]
        texts = tuple(column.name for column in columns if column.dtype == TEXT)
        for one_hot in (True, False) if texts else (True,):
            if inputs is None or _width(columns, one_hot) == inputs:
                if request.features is None:
                    go = "column goes" if len(names) == 1 else "columns go"
                    assumptions.append(f"{why} {len(names)} {go} into the network: {_listed(names)}.".strip())
                return Features(names, texts, one_hot)
    names = choices[0][0]
    width = _width([by_name[name] for name in names], one_hot=True)
    expected = f"columns that make {inputs} inputs, as many as the model takes; name them"
    received = "1 column, which makes" if len(names) == 1 else f"{len(names)} columns, which make"
    raise Invalid(Problem("features", expected, f"{received} {width} inputs: {_listed(names)}"))


def steps_of(
    request: DraftRequest, profile: Profile, features: Features, assumptions: list[str]
) -> list[dict[str, Any]]:
    """Return the steps of the preparation: the request's, else those without which the columns are no numbers."""
    if request.prepare is not None:
        return chosen_steps(request.prepare)
    steps: list[dict[str, Any]] = []
    taken = {*features.names}
    gaps = [column.name for column in profile.columns if column.name in taken and column.missing]
    if gaps:
        steps.append(filling(gaps, assumptions))
    if features.texts:
        way = "a column of 0 and 1 for each of its texts" if features.one_hot else "the number of its text"
        assumptions.append(f"Each of {_listed(features.texts)} becomes {way}.")
        steps.append({"kind": "one_hot" if features.one_hot else "ordinal", "columns": list(features.texts)})
    assumptions.append("The numbers go into the network as they are in the file: nothing is scaled.")
    return steps


def chosen_steps(steps: Iterable[Preparation]) -> list[dict[str, Any]]:
    """Return the steps of a request as they stand in a spec."""
    return [step.model_dump(mode="json") for step in steps]


def filling(columns: list[str], assumptions: list[str]) -> dict[str, Any]:
    """Return the step that replaces missing values."""
    assumptions.append(f"Missing values of {_listed(columns)} are replaced by the mean, of texts by the commonest.")
    return {"kind": "impute", "columns": columns}


def weights_of(
    profile: Profile, taken: Collection[str], beside: Collection[str] | None, assumptions: list[str]
) -> str | None:
    """Return the column of the samples' weights, where one is called so and holds weights; else None.

    Args:
        profile: the profile of the samples.
        taken: the columns that have another use.
        beside: the columns of a validation part of its own, which must have it too; None without one.
        assumptions: the sentences, to which one is added.
    """
    for column in profile.columns:
        if column.name.casefold() not in WEIGHTS or column.name in taken:
            continue
        is_finite = column.type in ("number", "integer") and not column.missing and not column.infinite
        is_weight = is_finite and (column.minimum or 0) >= 0 and (column.maximum or 0) > 0
        if is_weight and (beside is None or column.name in beside):
            assumptions.append(f"Each sample weighs in the loss as {column.name} says.")
            return column.name
    return None


def _choices(request: DraftRequest, profile: Profile, target: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield choices of features, best first, each with a sentence."""
    if request.features is not None:
        names = tuple(only("features", request.features))
        _check_names("features", names, profile)
        yield names, ""
        return
    proposal, every = profile.proposal, [each.name for each in profile.columns if _may_be_feature(each, target)]
    is_proposed = target == proposal.target
    skipped = {each.column: each.reason for each in proposal.left_out if is_proposed or not each.determines_target}
    # A proposal lists the first columns that it leaves out, and all features, unless they are too many.
    listed = {*proposal.features, *proposal.target, *(each.column for each in proposal.left_out)} - skipped.keys()
    kept = {name: None for name in every if (name in listed if proposal.features else name not in skipped)}
    left = [name for name in every if name not in kept]
    reasons = [f"{name}, as it {_after_it(skipped[name])}" for name in left if name in skipped]
    more = [f"{len(left) - len(reasons)} more"] if len(left) > len(reasons) else []
    yield tuple(kept), f"Left out: {'; '.join([*reasons, *more])}." if left else ""
    if left:
        yield tuple(every), f"{_listed(left)} would be left out, but the model takes as many inputs as with them."


def _may_be_feature(column: ColumnProfile, target: tuple[str, ...]) -> bool:
    """True for columns that are stored, and are no target; texts of too many kinds are not."""
    return column.name not in target and column.type != "text"


def _after_it(reason: str) -> str:
    return reason.removeprefix("It ").rstrip(".")


def _width(columns: list[ColumnProfile], one_hot: bool) -> int:
    """Number of inputs that columns make."""
    return sum(
        (column.distinct or 0) if column.dtype == TEXT and one_hot else math.prod(column.shape) for column in columns
    )


def _task_of_columns(columns: list[ColumnProfile]) -> tuple[str, str]:
    if len(columns) > 1:
        binary = all((column.minimum, column.maximum, column.distinct) == (0, 1, 2) for column in columns)
        kind = "zeros and ones" if binary else "numbers"
        return "labels" if binary else "values", f"The {len(columns)} columns hold {kind}."
    (column,) = columns
    few = column.distinct is not None and column.distinct <= MAX_CLASSES
    if column.type in ("category", "boolean", "text") or (column.type == "integer" and few):
        return "classes", f"{column.name} has {column.distinct or 'many'} distinct values."
    return "values", f"{column.name} holds numbers."


def _class_count(profile: Profile, target: tuple[str, ...]) -> int | None:
    if target == profile.proposal.target:
        return profile.proposal.classes
    return next((column.distinct for column in profile.columns if (column.name,) == target), None)


def _are_numbers_of_classes(
    request: DraftRequest, translation: Translation, profile: Profile, target: tuple[str, ...], units: int
) -> bool:
    """True for integers that each number one of several output units, unless the loss is one of values."""
    loss = _loss_of(request, translation)
    column = next((each for each in profile.columns if (each.name,) == target), None)
    if units < 2 or column is None or (loss is not None and not (loss.unit_per_class and not loss.unit_per_value)):
        return False
    is_integer = column.type == "integer" or column.dtype.startswith(("int", "uint"))
    is_single = math.prod(column.shape) == 1
    low, high = column.minimum, column.maximum
    return is_integer and is_single and low is not None and high is not None and low >= 0 and high < units


def _are_rows_of_classes(
    request: DraftRequest, translation: Translation, profile: Profile, target: tuple[str, ...], units: int
) -> bool:
    """True for zeros and ones, one for each output unit, with a loss of one class for each sample."""
    loss = _loss_of(request, translation)
    if loss is None or not loss.unit_per_class or loss.unit_per_label or loss.unit_per_value:
        return False
    columns = [each for each in profile.columns if each.name in target]
    is_of_two = all((each.minimum, each.maximum) == (0, 1) for each in columns)
    return is_of_two and units > 1 and sum(math.prod(each.shape) for each in columns) == units


def _loss_of(request: DraftRequest, translation: Translation) -> Any:
    """Return the request's loss, else the compiled one; None where there is neither."""
    compiled = translation.training.loss if translation.training is not None else None
    return request.loss if request.loss is not None else compiled


def _words(task: str) -> str:
    return {
        "classes": "to tell classes apart",
        "labels": "to find the labels that apply",
        "values": "to predict numbers",
        "inputs": "to repeat the inputs",
    }[task]


def _check_names(field: str, names: tuple[str, ...], profile: Profile) -> None:
    columns = {column.name for column in profile.columns}
    if missing := [name for name in names if name not in columns]:
        raise Invalid(Problem(field, f"a column of the file: {_some_names(profile)}", missing[0]))


def one_or_several(names: tuple[str, ...]) -> str | list[str]:
    """Return a target's columns as they stand in a spec."""
    return names[0] if len(names) == 1 else list(names)


def columns_in(value: Any) -> list[str]:
    """Return the columns of `features` or `target` in a draft, those of several inputs or outputs together."""
    several = value.values() if isinstance(value, dict) else [value]
    return [name for each in several for name in ([each] if isinstance(each, str) else each or ())]


def column_names(profile: Profile) -> list[str]:
    """Return the names of the columns, in the file's order."""
    return [column.name for column in profile.columns]


def _some_names(profile: Profile) -> str:
    return _listed(column_names(profile))


def _listed(names: "list[str] | tuple[str, ...]") -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more
