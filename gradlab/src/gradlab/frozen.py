"""Frozen, the base class of every part of a spec: immutable, strict, finite, and documented by its docstrings."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Generic, Self, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    Tag,
    ValidationInfo,
    WrapValidator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from pydantic_core.core_schema import ValidatorFunctionWrapHandler

Value = TypeVar("Value")

# Validation context for specs that an earlier version accepted: bounds that were tightened since do not apply.
STORED = {"stored": True}

# A name that people choose. Control characters would break terminals and tables, and PostgreSQL refuses NUL.
PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
MAX_NAME = 200
# Characters of the name of a layer, or of a network's input or output: nested graphs write theirs behind one another.
MAX_PATH = 1_000
# The id of an uploaded file: the hash of its bytes.
UPLOAD_ID = r"^sha256:[0-9a-f]{64}$"
# Inputs or outputs that an object names: as many as a graph may have.
MAX_NAMED = 1_000
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME, pattern=PRINTABLE)]
PathName = Annotated[str, Field(min_length=1, max_length=MAX_PATH)]


class Frozen(BaseModel):
    """A value object. It refuses unknown fields, wrong types, NaN and infinities."""

    # Validators are built at their first use: of two hundred kinds, one process uses a few.
    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        defer_build=True,
    )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with other values of some fields. What was computed from the original's is computed anew."""
        copy = super().model_copy(update=update, deep=deep)
        for name in vars(copy).keys() - type(copy).model_fields.keys() if update else ():
            del vars(copy)[name]
        return copy


def impossible(field: str, expected: str, received: str) -> PydanticCustomError:
    """Return the error for fields that contradict one another, to be raised inside a model's validator."""
    return PydanticCustomError("impossible", "{expected}", {"field": field, "expected": expected, "received": received})


def is_stored(info: ValidationInfo) -> bool:
    """True if this or an earlier version has already accepted the value that is validated."""
    return bool(info.context and info.context.get("stored"))


def _as_accepted(value: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    return value if is_stored(info) else validate(value)


def added(default: Any, **bounds: Any) -> Any:
    """Return a field that a later version added to a kind. It is written only where it differs from its default.

    So the canonical text, and the fingerprint, of every spec of an earlier version stay what they were.
    """
    return Field(default=default, exclude_if=lambda value: value == default, **bounds)


# Marks bounds that are tighter than in an earlier version. Specs stored by that version stay readable.
# Use: `Annotated[float, Field(le=1), Tightened]`.
Tightened = WrapValidator(_as_accepted)


def _name_to_object(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


def one_of(members: tuple[type[Frozen], ...]) -> Any:
    """Return the union type of `members`, discriminated by their field `kind`.

    A plain string stands for a kind with all its defaults: ``"he_uniform"`` is ``{"kind": "he_uniform"}``.
    """
    union = members[0]
    for member in members[1:]:
        union = union | member  # type: ignore[assignment]
    if len(members) == 1:
        return union
    return Annotated[union, Field(discriminator="kind"), BeforeValidator(_name_to_object)]


class ByName(Mapping[str, Value], Generic[Value]):
    """Values by the names of a network's inputs or outputs: an object in JSON. The order of the names has no meaning.

    Unlike a dictionary it can be hashed, as the parts of a spec are.
    """

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = dict(sorted(values.items()))

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    def __repr__(self) -> str:
        return repr(self._values)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        (value,) = get_args(source)
        by_name: Any = dict[Annotated[str, Field(max_length=MAX_PATH)], value]  # type: ignore[valid-type]
        values = handler.generate_schema(Annotated[by_name, Field(max_length=MAX_NAMED)])
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.no_info_before_validator_function(_as_dict, values),
            serialization=core_schema.wrap_serializer_function_ser_schema(
                lambda by_name, write: write(dict(by_name)), schema=values
            ),
        )


def _as_dict(value: Any) -> Any:
    return dict(value) if isinstance(value, ByName) else value


# Names of the two forms of a field, as pydantic lists them in the place of an error.
FOR_ALL, BY_NAME = "for_all", "by_name"


def _form(value: Any) -> str:
    return FOR_ALL if not isinstance(value, Mapping) or _has_kind(value) else BY_NAME


def _has_kind(value: Mapping[str, Any]) -> bool:
    """True for an object that is told by its field `kind`. Those of outputs, of which one is called so, are objects."""
    others = [each for name, each in value.items() if name != "kind"]
    return isinstance(value.get("kind"), str) and not any(isinstance(each, str | Mapping | list) for each in others)


def or_by_name(value: Any) -> Any:
    """Return the type of a field that holds one value for all of a network's inputs or outputs, or a `ByName` of them.

    An object with a `kind`, whose other fields are no names, lists or objects, is one value.
    """
    by_name = ByName[value]
    return Annotated[Annotated[value, Tag(FOR_ALL)] | Annotated[by_name, Tag(BY_NAME)], Discriminator(_form)]


def of_name(value: "Value | ByName[Value]", name: str) -> Value:
    """Return the value that a field of `or_by_name` has for an input or output."""
    return value[name] if isinstance(value, ByName) else value


def arguments_of(member: type[Frozen]) -> dict[str, str]:
    """Return the fields of a kind by the names that they have in a spec and as Keras's arguments.

    A field whose name is taken, as `output_shape` is by a method, has another one in Python, and that as its alias.
    """
    return {field.alias or name: name for name, field in member.model_fields.items()}


def kind_of(member: type[Frozen]) -> str:
    """Return the name of a registry's member in a spec: the default of its field `kind`."""
    return str(member.model_fields["kind"].default)
