"""Layers that scale or encode the inputs of a network, with numbers that a spec gives."""

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from gradlab.vocabulary.layers.layer import LayerSpec, Shape, ShapeMismatch

Finite = Annotated[float, Field(ge=-1e12, le=1e12)]
Positive = Annotated[float, Field(ge=0, le=1e12)]
# Features that may each have a mean and a variance of their own.
MAX_FEATURES = 10_000
Means = Annotated[tuple[Finite, ...], Field(strict=False, min_length=1, max_length=MAX_FEATURES)]
Variances = Annotated[tuple[Positive, ...], Field(strict=False, min_length=1, max_length=MAX_FEATURES)]


class Rescaling(LayerSpec):
    """scale·x + offset."""

    kind: Literal["rescaling"] = "rescaling"
    scale: Finite
    """The factor: 1/255 brings pixels to [0, 1]."""
    offset: Finite = 0.0
    """The number that is added."""

    vectorizes = True


class Normalization(LayerSpec):
    """(x − mean)/√variance for each feature, with a mean and a variance that are given and not learnt.

    Keras's layer learns them by `adapt` where they are not given. A spec holds them as numbers.
    """

    kind: Literal["normalization"] = "normalization"
    axis: Literal[-1] = -1
    """The axis of the features: the last one."""
    mean: Finite | Means
    """The mean: one number, or one for each feature."""
    variance: Positive | Variances
    """The variance: one number, or one for each feature."""
    invert: bool = False
    """Turn normalised inputs back: x·√variance + mean."""

    vectorizes = True

    @model_validator(mode="after")
    def _alike(self) -> "Normalization":
        means, variances = self._count("mean"), self._count("variance")
        if means != variances:
            raise ValueError(f"as many variances as means ({means or 'one number'}), not {variances or 'one number'}")
        return self

    def _count(self, field: str) -> int:
        """The number of features that a field names; 0 for one number for all."""
        value = getattr(self, field)
        return 0 if isinstance(value, float) else len(value)

    def output_shape(self, shape: Shape) -> Shape:
        count = self._count("mean")
        if not shape or count not in (0, shape[-1]):
            raise ShapeMismatch(f"inputs with {count or 'any number of'} features in the last axis", str(shape))
        return shape


class CategoryEncoding(LayerSpec):
    """Whole numbers below num_tokens as vectors of that length."""

    kind: Literal["category_encoding"] = "category_encoding"
    num_tokens: int = Field(ge=1, le=100_000)
    """Number of tokens; inputs must be below it."""
    output_mode: Literal["multi_hot", "one_hot", "count"] = "multi_hot"
    """multi_hot: 1 for each token among the sample's; count: how often it is among them; one_hot: a row for each."""

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise ShapeMismatch("inputs of shape (tokens,)", str(shape))
        one_hot = self.output_mode == "one_hot" and shape[-1] != 1
        return (*shape, self.num_tokens) if one_hot else (self.num_tokens,)

    def operations(self, shape: Shape) -> float:
        return float(math.prod(shape) * self.num_tokens)
