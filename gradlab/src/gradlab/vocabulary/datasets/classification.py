"""Clusters on the corners of a hypercube, with further features that carry no information."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from gradlab.frozen import Tightened
from gradlab.vocabulary.datasets.dataset import GeneratedDataset, Shape, at_most
from gradlab.vocabulary.targets import Target


class Classification(GeneratedDataset):
    """Gaussian clusters on the corners of a hypercube, a few for each class, randomly stretched (Guyon 2003).

    The other features are linear combinations of the informative ones, and noise. The features are shuffled.
    """

    kind: Literal["classification"] = "classification"
    features: int = Field(default=20, ge=1, le=10_000)
    """Inputs per sample."""
    informative: int = Field(default=2, ge=1, le=500, validate_default=True)
    """Features that distinguish the classes."""
    redundant: int = Field(default=2, ge=0, le=10_000, validate_default=True)
    """Features that are random linear combinations of the informative ones; all remaining features are noise."""
    classes: int = Field(default=2, ge=2, le=100, validate_default=True)
    """Number of classes."""
    clusters_per_class: int = Field(default=2, ge=1, le=10, validate_default=True)
    """Clusters of each class. All classes together have at most 2 to the power of `informative` clusters."""
    flip_y: float = Field(default=0.01, ge=0, le=1)
    """Share of the samples that get a random class."""
    class_sep: Annotated[float, Field(gt=0, le=1e6), Tightened] = 1.0
    """Half the side of the hypercube; a larger one is easier to classify."""

    @property
    def feature_shape(self) -> Shape:
        return (self.features,)

    @property
    def target(self) -> Target:
        return Target("classes", self.classes)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import make_classification

        x, y = make_classification(
            n_samples=self.samples,
            n_features=self.features,
            n_informative=self.informative,
            n_redundant=self.redundant,
            n_classes=self.classes,
            n_clusters_per_class=self.clusters_per_class,
            flip_y=self.flip_y,
            class_sep=self.class_sep,
            random_state=self.seed,
        )
        return x, y

    @field_validator("informative", "redundant")
    @classmethod
    def _features_enough(cls, count: int, info: ValidationInfo) -> int:
        if "features" not in info.data:
            return count
        taken = info.data.get("informative", 0)
        rest = " besides the informative ones" if taken else ""
        return at_most(count, info.data["features"] - taken, f"the number of features{rest}")

    @field_validator("classes")
    @classmethod
    def _a_corner_for_each(cls, classes: int, info: ValidationInfo) -> int:
        corners = 2 ** info.data.get("informative", classes)
        return at_most(classes, corners, "2 to the power of `informative`: each class needs a corner of its own")

    @field_validator("clusters_per_class")
    @classmethod
    def _corners_enough(cls, count: int, info: ValidationInfo) -> int:
        if not {"informative", "classes"} <= info.data.keys():
            return count
        most = 2 ** info.data["informative"] // info.data["classes"]
        return at_most(count, most, "2 to the power of `informative`, divided by the number of classes")
