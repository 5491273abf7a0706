"""Documents about several topics at once, as counts of their words."""

import math
from typing import Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, Shape, at_most
from gradlab.vocabulary.targets import Target


class Multilabel(GeneratedDataset):
    """Documents about several topics at once: each feature counts how often a word occurs (a multinomial model).

    Which topics a document has is drawn first, then its words from those topics' words.
    """

    kind: Literal["multilabel"] = "multilabel"
    samples: int = Field(default=1000, ge=4, le=100_000)
    """Training and validation samples together."""
    features: int = Field(default=20, ge=1, le=10_000)
    """Words that are counted."""
    labels: int = Field(default=5, ge=2, le=20)
    """Topics there are; a document has any of them."""
    labels_per_sample: int = Field(default=2, ge=1, le=20)
    """How many topics a document has on average (Poisson, those above `labels` drawn again)."""
    length: int = Field(default=50, ge=1, le=10_000)
    """How many words a document has on average (Poisson)."""
    allow_unlabeled: bool = True
    """Whether a document may be about nothing; its words are then drawn evenly."""

    @property
    def feature_shape(self) -> Shape:
        return (self.features,)

    @property
    def target(self) -> Target:
        return Target("labels", self.labels)

    @property
    def whole_below(self) -> int | None:
        # No word occurs more often than its document has words, which are Poisson-distributed: by Bernstein's
        # inequality, more than mean + 10·√mean + 35 words have a probability below e⁻³⁵, 1e-9 over the most samples.
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
        # Many more than there are would be drawn again and again, for ever.
        return at_most(count, info.data.get("labels", count), "the number of labels")
