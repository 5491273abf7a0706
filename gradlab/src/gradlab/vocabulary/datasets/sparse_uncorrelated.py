"""Regression on four of many uncorrelated features."""

from typing import Literal

import numpy as np
from pydantic import Field

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, ScaledTargets, Shape
from gradlab.vocabulary.targets import Target


class SparseUncorrelated(GeneratedDataset, ScaledTargets):
    """y = x₁ + 2·x₂ − 2·x₃ − 1.5·x₄ + noise, both noise and features standard Gaussian (Celeux et al. 2012).

    The other features have no influence. No prediction has a mean squared error below 1 on unscaled targets.
    """

    kind: Literal["sparse_uncorrelated"] = "sparse_uncorrelated"
    features: int = Field(default=10, ge=4, le=10_000)
    """Inputs per sample."""

    @property
    def feature_shape(self) -> Shape:
        return (self.features,)

    @property
    def target(self) -> Target:
        return Target("values", 1)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import make_sparse_uncorrelated

        x, y = make_sparse_uncorrelated(self.samples, self.features, random_state=self.seed)
        return x, y
