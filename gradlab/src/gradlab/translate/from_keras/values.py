"""Arguments of Keras's layers as fields of the vocabulary: initialisers, activations, penalties, schedules, numbers."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gradlab.frozen import Frozen, kind_of
from gradlab.spec.problems import invalid
from gradlab.translate.from_keras.notes import Notes, Untranslatable
from gradlab.translate.from_keras.objects import OURS, KerasObject, function_name, keras_object, plain
from gradlab.translate.from_keras.table import (
    ACTIVATION_ALIASES,
    ACTIVATION_LAYERS,
    RENAMED,
    RESOLVED_DEFAULTS,
    UNLISTED_DEFAULTS,
    WITHOUT_EFFECT,
    activation_kinds,
    by_class,
    defaults_of,
    snake_case,
)
from gradlab.vocabulary.activations import Activation
from gradlab.vocabulary.constraints import CONSTRAINTS, Constraint
from gradlab.vocabulary.initializers import INITIALIZERS, Initializer
from gradlab.vocabulary.regularizers import REGULARIZERS, Regularizer

# By the last word of a field's name: the sort of Keras's classes, the registry, and its union.
RULES: Mapping[str, tuple[str, tuple[type[Any], ...], Any]] = {
    "initializer": ("initializers", INITIALIZERS, Initializer),
    "regularizer": ("regularizers", REGULARIZERS, Regularizer),
    "constraint": ("constraints", CONSTRAINTS, Constraint),
}
Fields = dict[str, Any]


@cache
def _adapter(union: Any) -> TypeAdapter[Any]:
    return TypeAdapter(union)


def validated(union: Any, values: Fields) -> Any:
    """Return the member of a union of the vocabulary.

    Raises:
        Untranslatable: the vocabulary does not allow a value.
    """
    try:
        return _adapter(union).validate_python(values)
    except ValidationError as error:
        first = invalid(error, values).problems[0]
        raise Untranslatable(f"for {first.field}: {first.expected}", first.received) from error


def value_of(field: str, value: Any, notes: Notes, where: str) -> Any:
    """Return the value of a field of the vocabulary, from the argument of that name.

    Raises:
        Untranslatable: there is none.
    """
    word = field.rpartition("_")[2]
    if word in RULES:
        return None if value is None else rule_of(word, value, notes, f"{where}.{field}")
    if word == "activation":
        return activation_of(value, notes)
    return plain(value)


def rule_of(word: str, value: Any, notes: Notes, where: str) -> Fields:
    """Return an initialiser, a regulariser or a constraint as fields of the vocabulary; `word` says which of them.

    Raises:
        Untranslatable: the vocabulary has none of its class, or not with these arguments.
    """
    sort, members, union = RULES[word]
    thing = keras_object(value)
    if thing is None:
        name = function_name(value)
        if name is None:
            raise Untranslatable(f"one of Keras's own {sort}", value)
        thing = KerasObject(_class_named(name, members), {})
    if thing.registered_name is not None and not thing.is_of_keras:
        raise Untranslatable(f"one of Keras's own {sort}: code of your own is never loaded", thing.class_name)
    return class_fields(thing, sort, members, union, notes, where)


def _class_named(name: str, members: Iterable[type[Any]]) -> str:
    """Return the class that a text stands for: its own name, or its kind. Keras accepts both."""
    for member in members:
        if name in (member.keras_name, kind_of(member), snake_case(member.keras_name)):
            return str(member.keras_name)
    return name


def class_fields(
    thing: KerasObject, sort: str, members: Iterable[type[Any]], union: Any, notes: Notes, where: str
) -> Fields:
    """Return an object of Keras as kind and fields of the member of a registry that has its class's name.

    Raises:
        Untranslatable: there is none, or not with these arguments.
    """
    member = by_class(members, thing.class_name)
    if member is None:
        names = ", ".join(sorted({each.keras_name for each in members}))
        raise Untranslatable(f"one of {names}", thing.class_name)
    values: Fields = {"kind": kind_of(member)}
    for name, value in thing.config.items():
        if name in member.model_fields and name != "kind":
            values[name] = plain(value)
        else:
            check_left_out(sort, thing.class_name, name, value, notes, where)
    spec: Frozen = validated(union, values)
    return spec.model_dump()


def activation_of(value: Any, notes: Notes) -> Fields:
    """Return an activation as fields of the vocabulary, from its name, a layer, or one with parameters.

    Raises:
        Untranslatable: the vocabulary has none of this name, or not with these parameters.
    """
    if value is None:
        return {"kind": "linear"}
    thing = keras_object(value)
    if thing is not None and (thing.registered_name or "").startswith(OURS):
        return _dumped({"kind": thing.class_name, **{name: plain(each) for name, each in thing.config.items()}})
    if thing is not None and thing.class_name in ACTIVATION_LAYERS and thing.is_of_keras:
        return activation_layer(thing, notes)
    if thing is not None and thing.class_name == "Activation" and thing.is_of_keras:
        return activation_of(thing.config.get("activation"), notes)
    name = function_name(value)
    name = None if name is None else ACTIVATION_ALIASES.get(name, name)
    if name not in activation_kinds():
        raise Untranslatable("an activation of Keras by its name: code is never loaded", _shown(value, name))
    if name == "hard_sigmoid" and notes.is_keras_2:
        raise Untranslatable("sigmoid: hard_sigmoid is another function in Keras 3", name)
    return _dumped({"kind": name})


def activation_layer(thing: KerasObject, notes: Notes) -> Fields:
    """Return a layer that is an activation by itself, such as `LeakyReLU`, as the activation's fields."""
    kind = ACTIVATION_LAYERS[thing.class_name]
    defaults = defaults_of("layers", thing.class_name)
    given = {RENAMED.get((thing.class_name, name), name): value for name, value in thing.config.items()}
    values: Fields = {"kind": kind} | ({"default_value": 0.0} if kind == "threshold" else {})
    own = {name: value for name, value in {**defaults, **given}.items() if name in _fields_of(kind)}
    spec = _dumped(values | {name: plain(value) for name, value in own.items()})
    for name, value in given.items():
        if name not in own and name not in ("trainable", "dtype"):
            check_left_out("layers", thing.class_name, name, value, notes, thing.name)
    return spec


def _fields_of(kind: str) -> frozenset[str]:
    from gradlab.vocabulary.activations import ACTIVATIONS

    member = next(each for each in ACTIVATIONS if kind_of(each) == kind)
    return frozenset(member.model_fields) - {"kind"}


def _dumped(values: Fields) -> Fields:
    spec: Frozen = validated(Activation, values)
    return spec.model_dump()


def _shown(value: Any, name: str | None) -> Any:
    thing = keras_object(value)
    return name or (thing.class_name if thing is not None else value)


def check_left_out(sort: str, class_name: str, name: str, value: Any, notes: Notes, where: str) -> None:
    """Accept an argument that the vocabulary lacks if it changes nothing.

    Raises:
        Untranslatable: it is not at Keras's default.
    """
    if name in WITHOUT_EFFECT:
        return
    if name == "seed":
        if isinstance(value, int):
            notes.drop(f"{where}.seed", value, "every run draws from its own seed of the spec")
        return
    defaults = defaults_of(sort, class_name)
    missing = object()
    default = defaults.get(name, UNLISTED_DEFAULTS.get(name, missing))
    if default is missing:
        raise Untranslatable(f"arguments of Keras's {class_name} alone", name)
    if not is_default(name, value, default, notes) and RESOLVED_DEFAULTS.get(name, missing) != value:
        raise Untranslatable(f"{default!r}, Keras's default: the vocabulary has no {name} of {class_name}", value)


def is_default(name: str, value: Any, default: Any, notes: Notes) -> bool:
    """True if an argument has Keras's default, however it is written."""
    word = name.rpartition("_")[2]
    try:
        if word in RULES and value is not None and default is not None:
            return rule_of(word, value, notes, name) == rule_of(word, default, notes, name)
        plain_value, plain_default = plain(value), plain(default)
    except Untranslatable:
        return False
    if name == "axis" and isinstance(plain_value, tuple) and len(plain_value) == 1:
        (plain_value,) = plain_value
    equal: bool = plain_value == plain_default and isinstance(plain_value, bool) == isinstance(plain_default, bool)
    return equal
