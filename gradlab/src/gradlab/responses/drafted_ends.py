"""Columns of a draft for a network with several inputs or outputs: by the names of those, or as the request says."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from gradlab.errors import Invalid, Problem
from gradlab.frozen import ByName
from gradlab.profile import Profile
from gradlab.responses.drafted_arrays import Shape, array_of, check_shape, expected_array, steps_of_array
from gradlab.responses.drafted_columns import (
    column_names,
    columns_in,
    features_of,
    one_or_several,
    only,
    steps_of,
    target_of,
    task_of,
)
from gradlab.schemas.drafts import DraftRequest
from gradlab.translate.from_keras import Translation
from gradlab.vocabulary.datasets.uploaded_columns import listed

Fields = dict[str, Any]


def has_several(translation: Translation) -> bool:
    """True for a model of several inputs or outputs."""
    return len(translation.input_shapes) > 1 or len(translation.output_shapes) > 1


def of_ends(request: DraftRequest, translation: Translation, profile: Profile, assumptions: list[str]) -> Fields:
    """Return the fields `features`, `target`, `task` and `prepare` of the dataset.

    Raises:
        Invalid: an input or output has no columns, or columns that do not fit it.
    """
    notes: list[str] = []
    outputs = getattr(translation.model, "outputs", ())
    if len(outputs) > 1:
        fields = _of_outputs(request, translation, profile, outputs, notes)
    else:
        is_repeated = request.task == "inputs"  # the target is then the name of an input
        target = listed(only("target", request.target)) if is_repeated else target_of(request, profile, notes)
        fields = {"task": task_of(request, translation, profile, target, notes)}
        fields |= {"target": one_or_several(target)} if target else {}
    targets = tuple(columns_in(fields.get("target")))
    fields |= _of_inputs(request, translation, profile, targets, notes)
    assumptions += dict.fromkeys(notes)
    return fields


def _of_outputs(
    request: DraftRequest, translation: Translation, profile: Profile, outputs: Sequence[str], notes: list[str]
) -> Fields:
    parts = {name: part_of_output(request, translation, place, name) for place, name in enumerate(outputs)}
    repeated = {name for name, (part, _) in parts.items() if part.task == "inputs"}
    names = _in_keras(outputs, translation.output_names)
    given = _columns("target", request.target, names, profile, notes, without=repeated)
    fields: Fields = {"task": {}, "target": {}}
    for name, (part, chosen) in parts.items():
        columns, own = listed(given[name]), list[str]()
        target = columns if name in repeated else target_of(_with(part, target=columns), profile, own)
        fields["task"][name] = task_of(part, chosen, profile, target, own)
        fields["target"][name] = one_or_several(target) if target else None
        notes += [f"{name}: {sentence}" for sentence in own]
    return fields


def part_of_output(
    request: DraftRequest, translation: Translation, place: int, name: str
) -> tuple[DraftRequest, Translation]:
    """Return the request and the translation as if an output were the only one."""
    compiled = translation.training.loss if translation.training is not None else None
    loss = request.loss if request.loss is not None else compiled
    part = _with(
        request,
        task=request.task.get(name) if isinstance(request.task, ByName) else request.task,
        loss=loss.get(name) if isinstance(loss, ByName) else loss,
    )
    return part, replace(translation, training=None, output_shapes=(translation.output_shapes[place],))


def _with(request: DraftRequest, **changes: Any) -> DraftRequest:
    return request.model_copy(update=changes)


def _in_keras(names: Sequence[str], in_keras: Sequence[str]) -> dict[str, str]:
    """Return the inputs or outputs, each with its name in Keras; with its own where that name is not its alone."""
    pairs = zip(names, in_keras or names, strict=True)
    return {name: own if [*in_keras].count(own) == 1 and own not in names else name for name, own in pairs}


def _columns(
    field: str,
    given: Any,
    names: Mapping[str, str],
    profile: Profile,
    notes: list[str],
    without: Collection[str] = (),
) -> Fields:
    """Return the columns of each of several inputs or outputs: those of the request, else the one of its name.

    Args:
        field: ``features`` or ``target``.
        given: the request's field.
        names: the inputs or outputs, each with its name in Keras, which may have letters that a node's name cannot.
        profile: that of the dataset.
        notes: gets a sentence on what was assumed.
        without: those that need no columns.

    Raises:
        Invalid: one has none.
    """
    what, columns = "input" if field == "features" else "output", column_names(profile)
    text = f"the columns of each {what} of the model, {', '.join(names)}"
    if isinstance(given, ByName):
        own = {in_keras: name for name, in_keras in names.items()}
        chosen = {each if each in names else own.get(each, each): value for each, value in given.items()}
        if wrong := {*chosen} ^ {*names}:
            raise Invalid(Problem(field, f"an object with {text}", f"{', '.join(given)}: see {sorted(wrong)[0]}"))
        return chosen
    if given is not None:
        raise Invalid(Problem(field, f"an object with {text}", ", ".join(listed(given))))
    needed = {name: name if name in columns else in_keras for name, in_keras in names.items() if name not in without}
    if missing := [column for column in needed.values() if column not in columns]:
        expected = f"{text}: arrays or columns of these names, or an object with them"
        received = f"no column {', '.join(missing)}; the file has {', '.join(columns[:12])}"
        raise Invalid(Problem(field, expected, received))
    if needed:
        notes.append(f"Each {what} is the column of its name: {', '.join(needed.values())}.")
    named = {name: needed.get(name) for name in names}
    return {name: (column,) for name, column in named.items()} if field == "features" else named


def _of_inputs(
    request: DraftRequest, translation: Translation, profile: Profile, targets: tuple[str, ...], notes: list[str]
) -> Fields:
    """Return features and steps; those of the only input as they are found for any model."""
    names, shapes = translation.model.inputs, translation.input_shapes
    if len(names) == 1:
        return _of_input(request, profile, request.features, shapes[0], targets, notes)
    in_keras = _in_keras(names, translation.input_names)
    given = _columns("features", request.features, in_keras, profile, notes)
    fields: Fields = {"features": {}, "prepare": []}
    for name, shape in zip(names, shapes, strict=True):
        with _errors_of(name):
            part = _of_input(request, profile, given[name], shape, targets, notes)
        fields["features"][name] = part["features"]
        fields["prepare"] += [step for step in part["prepare"] if step not in fields["prepare"]]
    return fields


def _of_input(
    request: DraftRequest,
    profile: Profile,
    columns: Any,
    shape: Shape | None,
    targets: tuple[str, ...],
    notes: list[str],
) -> Fields:
    """Return the columns of an input and the steps that make numbers of them."""
    if (array := array_of(profile, columns)) is not None:
        check_shape(array, shape)
        return {"features": [array.name], "prepare": steps_of_array(request, array, notes)}
    if shape is not None and len(shape) != 1:
        received = f"columns of a table: {', '.join(columns or ('all',))}"
        raise Invalid(Problem("features", expected_array(shape), received))
    features = features_of(_with(request, features=columns), profile, targets, shape, notes)
    return {"features": list(features.names), "prepare": steps_of(request, profile, features, notes)}


@contextmanager
def _errors_of(name: str) -> Iterator[None]:
    try:
        yield
    except Invalid as error:
        fields = (f"features.{name}" if each.field == "features" else each.field for each in error.problems)
        problems = zip(fields, error.problems, strict=True)
        raise Invalid(*(replace(each, field=field) for field, each in problems), omitted=error.omitted) from None
