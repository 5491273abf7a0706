"""Registry of the regularisers of `keras.regularizers`: penalties on a weight tensor that are added to the loss.

w stands for the tensor's entries. Formulas and defaults: Keras 3, https://keras.io/api/layers/regularizers/.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from gradlab.frozen import Frozen, one_of

Factor = Field(default=0.01, ge=0, le=1e6)


class WeightRegularizer(Frozen):
    """A penalty on a weight tensor."""

    kind: str
    keras_name: ClassVar[str]

    def needs(self, shape: tuple[int, ...]) -> str | None:
        """Return the kind of tensor that it needs, if it cannot penalise one of this shape; else None."""
        return None

    def build(self, keras: Any) -> Any:
        """Build the Keras regulariser."""
        return getattr(keras.regularizers, self.keras_name)(**self.model_dump(exclude={"kind"}))


class L1(WeightRegularizer):
    """l1·Σ|w|: drives weights to exactly 0 (Tibshirani 1996)."""

    kind: Literal["l1"] = "l1"
    keras_name = "L1"
    l1: float = Factor
    """Factor on the penalty."""


class L2(WeightRegularizer):
    """l2·Σw²: keeps weights small (Krogh & Hertz 1991)."""

    kind: Literal["l2"] = "l2"
    keras_name = "L2"
    l2: float = Factor
    """Factor on the penalty."""


class L1L2(WeightRegularizer):
    """l1·Σ|w| + l2·Σw² (Zou & Hastie 2005)."""

    kind: Literal["l1_l2"] = "l1_l2"
    keras_name = "L1L2"
    l1: float = Field(default=0.0, ge=0, le=1e6)
    """Factor on the absolute values."""
    l2: float = Field(default=0.0, ge=0, le=1e6)
    """Factor on the squares."""


class OrthogonalRegularizer(WeightRegularizer):
    """factor·Σ|cos(wᵢ, wⱼ)|/pairs over pairs of rows or columns: keeps them orthogonal; for matrices only."""

    kind: Literal["orthogonal_regularizer"] = "orthogonal_regularizer"
    keras_name = "OrthogonalRegularizer"
    factor: float = Factor
    """Factor on the penalty."""
    mode: Literal["rows", "columns"] = "rows"
    """The vectors that are kept orthogonal."""

    def needs(self, shape: tuple[int, ...]) -> str | None:
        # Keras divides by the number of pairs: a single row has none, and the loss would be NaN.
        if len(shape) == 2 and shape[self.mode == "columns"] >= 2:
            return None
        return f"a matrix with at least 2 {self.mode}"


REGULARIZERS: tuple[type[WeightRegularizer], ...] = (L1, L2, L1L2, OrthogonalRegularizer)

if TYPE_CHECKING:
    Regularizer = WeightRegularizer
else:
    Regularizer = one_of(REGULARIZERS)
