"""Two noisy concentric circles, the example of the tutorial."""

from typing import Literal

import numpy as np
from pydantic import Field

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, Noise, Shape
from gradlab.vocabulary.targets import Target


class Circles(GeneratedDataset):
    """Two concentric circles: class 0 is the outer one, class 1 the inner one."""

    kind: Literal["circles"] = "circles"
    noise: float = Noise
    """Standard deviation of the Gaussian noise added to each coordinate."""
    factor: float = Field(default=0.8, ge=0, lt=1)
    """Radius of the inner circle; the outer one has radius 1."""

    @property
    def feature_shape(self) -> Shape:
        return (2,)

    @property
    def target(self) -> Target:
        return Target("classes", 2)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import make_circles

        x, y = make_circles(n_samples=self.samples, noise=self.noise, factor=self.factor, random_state=self.seed)
        return x, y
