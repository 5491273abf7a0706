"""Franke's function: a surface of two peaks, a third hump and a dip."""

from typing import Literal

import numpy as np
from pydantic import Field

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, ScaledTargets, Shape
from gradlab.vocabulary.targets import Target


class Franke(GeneratedDataset, ScaledTargets):
    """Franke's function (1979) of two features, uniform on [0, 1], a common test of smooth interpolation:

    3/4·exp(−((9x₁ − 2)² + (9x₂ − 2)²)/4) + 3/4·exp(−(9x₁ + 1)²/49 − (9x₂ + 1)/10)
    + 1/2·exp(−((9x₁ − 7)² + (9x₂ − 3)²)/4) − 1/5·exp(−(9x₁ − 4)² − (9x₂ − 7)²).
    """

    kind: Literal["franke"] = "franke"
    noise: float = Field(default=0.0, ge=0, le=1e6)
    """Standard deviation of the Gaussian noise added to the value."""

    @property
    def feature_shape(self) -> Shape:
        return (2,)

    @property
    def target(self) -> Target:
        return Target("values", 1)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(self.seed)
        x = random.random((self.samples, 2))
        a, b = 9 * x.T
        y = 0.75 * np.exp(-((a - 2) ** 2 + (b - 2) ** 2) / 4)
        y += 0.75 * np.exp(-((a + 1) ** 2) / 49 - (b + 1) / 10)
        y += 0.5 * np.exp(-((a - 7) ** 2 + (b - 3) ** 2) / 4)
        y -= 0.2 * np.exp(-((a - 4) ** 2) - (b - 7) ** 2)
        return x, y + random.normal(0, self.noise, y.shape)
