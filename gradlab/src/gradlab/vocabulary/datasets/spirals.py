"""Interleaved spirals, one per class."""

from typing import Literal

import numpy as np
from pydantic import Field

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, Noise, Shape
from gradlab.vocabulary.targets import Target


class Spirals(GeneratedDataset):
    """Interleaved Archimedean spirals: sample i of an arm lies at radius t and angle 2π·(turns·t + class/classes).

    t has equal steps over (0, 1], so that an arm has equally many samples per radius.
    """

    kind: Literal["spirals"] = "spirals"
    noise: float = Noise
    """Standard deviation of the Gaussian noise added to each coordinate."""
    classes: int = Field(default=2, ge=2, le=100)
    """Number of arms and of classes."""
    turns: float = Field(default=1.0, gt=0, le=100)
    """Turns of each arm around the centre."""

    @property
    def feature_shape(self) -> Shape:
        return (2,)

    @property
    def target(self) -> Target:
        return Target("classes", self.classes)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(self.seed)
        y = np.arange(self.samples) % self.classes  # (samples,)
        t = (np.arange(self.samples) // self.classes + 1) / -(-self.samples // self.classes)  # (samples,) in (0, 1]
        angle = 2 * np.pi * (self.turns * t + y / self.classes)
        x = np.stack([t * np.cos(angle), t * np.sin(angle)], axis=1)  # (samples, 2)
        x += random.normal(0, self.noise, x.shape)
        order = random.permutation(self.samples)
        return x[order], y[order]
