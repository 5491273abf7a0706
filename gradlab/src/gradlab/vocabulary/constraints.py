"""Shelf: the constraints of `keras.constraints`: what a weight tensor is brought back to after every update.

Norms are L2 norms along `axis`: 0 means one for each unit of a dense kernel. Formulas and defaults: Keras 3,
https://keras.io/api/layers/constraints/.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from gradlab.frozen import Frozen, one_of

Axis = Field(default=0, ge=0, le=3)


class WeightConstraint(Frozen):
    """A limit on a weight tensor."""

    kind: str
    keras_name: ClassVar[str]

    def needs(self, shape: tuple[int, ...]) -> str | None:
        """What kind of tensor it can limit, where one of this shape is none; else None."""
        axis: int = getattr(self, "axis", 0)
        return None if axis < len(shape) else f"a tensor of at least {axis + 1} axes, for axis {axis}"

    def build(self, keras: Any) -> Any:
        """The Keras constraint."""
        return getattr(keras.constraints, self.keras_name)(**self.model_dump(exclude={"kind"}))


class MaxNorm(WeightConstraint):
    """Norms above `max_value` are scaled down to it (Srivastava et al. 2014)."""

    kind: Literal["max_norm"] = "max_norm"
    keras_name = "MaxNorm"
    max_value: float = Field(default=2.0, gt=0, le=1e6)
    """Largest norm."""
    axis: int = Axis
    """Axis along which norms are taken."""


class NonNeg(WeightConstraint):
    """Negative weights become 0."""

    kind: Literal["non_neg"] = "non_neg"
    keras_name = "NonNeg"


class UnitNorm(WeightConstraint):
    """All norms are scaled to 1."""

    kind: Literal["unit_norm"] = "unit_norm"
    keras_name = "UnitNorm"
    axis: int = Axis
    """Axis along which norms are taken."""


class MinMaxNorm(WeightConstraint):
    """Norms are scaled towards the range from `min_value` to `max_value`."""

    kind: Literal["min_max_norm"] = "min_max_norm"
    keras_name = "MinMaxNorm"
    min_value: float = Field(default=0.0, ge=0, le=1e6)
    """Smallest norm."""
    max_value: float = Field(default=1.0, gt=0, le=1e6)
    """Largest norm, at least the smallest."""
    rate: float = Field(default=1.0, gt=0, le=1)
    """How much of the way is gone at once; 1 is all of it."""
    axis: int = Axis
    """Axis along which norms are taken."""

    @model_validator(mode="after")
    def _ordered(self) -> "MinMaxNorm":
        if self.max_value < self.min_value:
            raise ValueError(f"max_value of at least min_value ({self.min_value})")
        return self


CONSTRAINTS: tuple[type[WeightConstraint], ...] = (MaxNorm, NonNeg, UnitNorm, MinMaxNorm)

if TYPE_CHECKING:
    Constraint = WeightConstraint
else:
    Constraint = one_of(CONSTRAINTS)
