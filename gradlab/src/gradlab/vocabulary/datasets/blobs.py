"""Gaussian clouds, one per class."""

from typing import Literal

import numpy as np
from pydantic import Field

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, Shape
from gradlab.vocabulary.targets import Target


class Blobs(GeneratedDataset):
    """Isotropic Gaussian clouds, one per class, with centres uniform on [-10, 10] in each feature."""

    kind: Literal["blobs"] = "blobs"
    centers: int = Field(default=3, ge=2, le=1000)
    """Number of clouds and of classes."""
    features: int = Field(default=2, ge=1, le=100_000)
    """Inputs per sample."""
    cluster_std: float = Field(default=1.0, gt=0, le=1e6)
    """Standard deviation of each cloud."""

    @property
    def feature_shape(self) -> Shape:
        return (self.features,)

    @property
    def target(self) -> Target:
        return Target("classes", self.centers)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import make_blobs

        x, y = make_blobs(
            n_samples=self.samples,
            n_features=self.features,
            centers=self.centers,
            cluster_std=self.cluster_std,
            random_state=self.seed,
        )
        return x, y
