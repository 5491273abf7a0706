"""The one way a piece of a spec behaves: frozen, strict, closed, finite, and documented by its docstrings."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Frozen(BaseModel):
    """A value object: unknown fields, wrong types, NaN and infinities are refused."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


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
