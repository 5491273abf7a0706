"""Friedman's three functions."""

from typing import Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, ScaledTargets, Shape
from gradlab.vocabulary.targets import Target


class Friedman(GeneratedDataset, ScaledTargets):
    """One of Friedman's three nonlinear functions (Friedman 1991; Breiman 1996).

    1: 10·sin(π·x₁·x₂) + 20·(x₃ − 1/2)² + 10·x₄ + 5·x₅; features are uniform on [0, 1], from the sixth on pure noise.
    2: √(x₁² + (x₂·x₃ − 1/(x₂·x₄))²). 3: arctan((x₂·x₃ − 1/(x₂·x₄))/x₁). In both x₁ is uniform on [0, 100], x₂ on
    [40π, 560π], x₃ on [0, 1], x₄ on [1, 11].
    """

    kind: Literal["friedman"] = "friedman"
    variant: Literal[1, 2, 3] = 1
    """The number of the function."""
    features: int | None = Field(default=None, ge=4, le=10_000, validate_default=True)
    """Inputs per sample. The first function has at least 5, by default 10; the others have 4."""
    noise: float = Field(default=0.0, ge=0, le=1e6)
    """Standard deviation of the Gaussian noise added to the value."""

    @property
    def feature_shape(self) -> Shape:
        return (self.features or (10 if self.variant == 1 else 4),)

    @property
    def target(self) -> Target:
        return Target("values", 1)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import make_friedman1, make_friedman2, make_friedman3

        if self.variant == 1:
            (features,) = self.feature_shape
            x, y = make_friedman1(self.samples, features, noise=self.noise, random_state=self.seed)
        else:
            make = make_friedman2 if self.variant == 2 else make_friedman3
            x, y = make(self.samples, noise=self.noise, random_state=self.seed)
        return x, y

    @field_validator("features")
    @classmethod
    def _as_many_as_the_function_has(cls, features: int | None, info: ValidationInfo) -> int | None:
        variant = info.data.get("variant")
        if features is not None and variant == 1 and features < 5:
            raise ValueError("at least 5 features, which the first function uses")
        if features not in (None, 4) and variant in (2, 3):
            raise ValueError(f"4 features, or null: function {variant} has exactly 4")
        return features
