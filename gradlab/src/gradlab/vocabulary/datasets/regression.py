"""Regression: a random linear function of some of the features."""

from typing import Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, ScaledTargets, Shape, at_most
from gradlab.vocabulary.targets import Target


class Regression(GeneratedDataset, ScaledTargets):
    """A random linear function of some of the standard Gaussian features, with coefficients uniform on (0, 100)."""

    kind: Literal["regression"] = "regression"
    features: int = Field(default=10, ge=1, le=10_000)
    """Inputs per sample."""
    informative: int | None = Field(default=None, ge=1, le=10_000)
    """Features that the target depends on; all of them by default."""
    targets: int = Field(default=1, ge=1, le=100)
    """Number of values to predict."""
    noise: float = Field(default=0.0, ge=0, le=1e6)
    """Standard deviation of the Gaussian noise added to each value."""
    bias: float = Field(default=0.0, ge=-1e6, le=1e6)
    """Constant that is added to each value."""

    @property
    def feature_shape(self) -> Shape:
        return (self.features,)

    @property
    def target(self) -> Target:
        return Target("values", self.targets)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import make_regression

        x, y = make_regression(
            n_samples=self.samples,
            n_features=self.features,
            n_informative=self.informative or self.features,
            n_targets=self.targets,
            noise=self.noise,
            bias=self.bias,
            random_state=self.seed,
        )
        return x, y

    @field_validator("informative")
    @classmethod
    def _features_enough(cls, count: int | None, info: ValidationInfo) -> int | None:
        if count is None or "features" not in info.data:
            return count
        return at_most(count, info.data["features"], "the number of features")
