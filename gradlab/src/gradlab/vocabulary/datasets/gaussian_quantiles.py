"""One Gaussian cloud, divided into concentric shells."""

from typing import Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, Shape, at_most
from gradlab.vocabulary.targets import Target


class GaussianQuantiles(GeneratedDataset):
    """One Gaussian cloud around the origin, divided into concentric shells of equally many samples, one per class."""

    kind: Literal["gaussian_quantiles"] = "gaussian_quantiles"
    features: int = Field(default=2, ge=1, le=1000)
    """Inputs per sample."""
    classes: int = Field(default=3, ge=2, le=1000, validate_default=True)
    """Number of shells and of classes."""
    cov: float = Field(default=1.0, gt=0, le=1e6)
    """Variance of each feature."""

    @property
    def feature_shape(self) -> Shape:
        return (self.features,)

    @property
    def target(self) -> Target:
        return Target("classes", self.classes)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import make_gaussian_quantiles

        x, y = make_gaussian_quantiles(
            n_samples=self.samples,
            n_features=self.features,
            n_classes=self.classes,
            cov=self.cov,
            random_state=self.seed,
        )
        return x, y

    @field_validator("classes")
    @classmethod
    def _a_sample_for_each(cls, classes: int, info: ValidationInfo) -> int:
        return at_most(classes, info.data.get("samples", classes), "the number of samples")
