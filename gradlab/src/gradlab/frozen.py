"""The one way a piece of a spec behaves: frozen, strict, closed, finite, and documented by its docstrings."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WrapValidator
from pydantic_core.core_schema import ValidatorFunctionWrapHandler

# The context in which a spec is read that was accepted before: what has been refused since then is let through.
STORED = {"stored": True}


class Frozen(BaseModel):
    """A value object: unknown fields, wrong types, NaN and infinities are refused."""

    # Validators are built at the first use: there are two hundred kinds, and few are ever used in one process.
    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        defer_build=True,
    )


def is_stored(info: ValidationInfo) -> bool:
    """True if what is being validated was accepted before, by this version or an earlier one."""
    return bool(info.context and info.context.get("stored"))


def _as_accepted(value: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    return value if is_stored(info) else validate(value)


# Marks bounds that are tighter than those of an earlier version, whose specs must stay readable:
# `Annotated[float, Field(le=1), Tightened]`.
Tightened = WrapValidator(_as_accepted)


def _name_to_object(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


def one_of(members: tuple[type[Frozen], ...]) -> Any:
    """The type "one of these kinds, told apart by `kind`".

    A kind whose fields all have defaults may be written as a plain string: ``"he_uniform"`` is
    ``{"kind": "he_uniform"}``.
    """
    union = members[0]
    for member in members[1:]:
        union = union | member  # type: ignore[assignment]
    if len(members) == 1:
        return union
    return Annotated[union, Field(discriminator="kind"), BeforeValidator(_name_to_object)]


def kind_of(member: type[Frozen]) -> str:
    """The name under which a shelf member is asked for."""
    return str(member.model_fields["kind"].default)
