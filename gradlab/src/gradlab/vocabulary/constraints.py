"""Registry of the constraints of `keras.constraints`: limits that are applied to a weight tensor after every update.

Norms are L2 norms along `axis`: with 0, each unit of a dense kernel has one. Formulas and defaults: Keras 3,
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
        """Return the kind of tensor that it needs, if it cannot limit one of this shape; else None."""
        axis: int = getattr(self, "axis", 0)
        return None if axis < len(shape) else f"a tensor of at least {axis + 1} axes, for axis {axis}"

    def build(self, keras: Any) -> Any:
        """Build the Keras constraint."""
        return getattr(keras.constraints, self.keras_name)(**self.model_dump(exclude={"kind"}))


class MaxNorm(WeightConstraint):
    """Scale norms above `max_value` down to it (Srivastava et al. 2014)."""

    kind: Literal["max_norm"] = "max_norm"
    keras_name = "MaxNorm"
    max_value: float = Field(default=2.0, gt=0, le=1e6)
    """Largest norm."""
    axis: int = Axis
    """Axis along which norms are taken."""


class NonNeg(WeightConstraint):
    """Set negative weights to 0."""

    kind: Literal["non_neg"] = "non_neg"
    keras_name = "NonNeg"


class UnitNorm(WeightConstraint):
    """Scale all norms to 1."""

    kind: Literal["unit_norm"] = "unit_norm"
    keras_name = "UnitNorm"
    axis: int = Axis
    """Axis along which norms are taken."""


class MinMaxNorm(WeightConstraint):
    """Scale norms towards the range from `min_value` to `max_value`."""

    kind: Literal["min_max_norm"] = "min_max_norm"
    keras_name = "MinMaxNorm"
    min_value: float = Field(default=0.0, ge=0, le=1e6)
    """Smallest norm."""
    max_value: float = Field(default=1.0, gt=0, le=1e6)
    """Largest norm, at least the smallest."""
    rate: float = Field(default=1.0, gt=0, le=1)
    """Share of the distance to the range that one update corrects; 1 corrects all of it."""
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
