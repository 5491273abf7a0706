"""Documents with several topics each, as word counts."""

import math
from typing import Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, Shape, at_most
from gradlab.vocabulary.targets import Target


class Multilabel(GeneratedDataset):
    """Documents with several topics each. A feature is the number of times that a word occurs (a multinomial model).

    A document's topics are drawn first, then its words from these topics' words.
    """

    kind: Literal["multilabel"] = "multilabel"
    samples: int = Field(default=1000, ge=4, le=100_000)
    """Number of all samples, for training and validation."""
    features: int = Field(default=20, ge=1, le=10_000)
    """Number of different words."""
    labels: int = Field(default=5, ge=2, le=20)
    """Number of topics; a document may have any of them."""
    labels_per_sample: int = Field(default=2, ge=1, le=20)
    """Mean number of a document's topics (Poisson, with numbers above `labels` drawn again)."""
    length: int = Field(default=50, ge=1, le=10_000)
    """Mean number of a document's words (Poisson)."""
    allow_unlabeled: bool = True
    """True if a document may have no topic; its words then have equal probabilities."""

    @property
    def feature_shape(self) -> Shape:
        return (self.features,)

    @property
    def target(self) -> Target:
        return Target("labels", self.labels)

    @property
    def whole_below(self) -> int | None:
        # A word occurs at most as often as its document has words, whose number is Poisson-distributed. By Bernstein's
        # inequality, more than mean + 10·√mean + 35 words have a probability below e⁻³⁵, or 1e-9 in 100,000 samples.
        return math.ceil(self.length + 10 * math.sqrt(self.length) + 36) if self.scale is None else None

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import make_multilabel_classification

        x, y = make_multilabel_classification(
            n_samples=self.samples,
            n_features=self.features,
            n_classes=self.labels,
            n_labels=self.labels_per_sample,
            length=self.length,
            allow_unlabeled=self.allow_unlabeled,
            random_state=self.seed,
        )
        return x, y

    @field_validator("labels_per_sample")
    @classmethod
    def _as_many_as_there_are(cls, count: int, info: ValidationInfo) -> int:
        # A mean far above the number of labels would be drawn again without end.
        return at_most(count, info.data.get("labels", count), "the number of labels")
