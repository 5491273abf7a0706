"""Two interleaved half circles."""

from typing import Literal

import numpy as np

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, Noise, Shape
from gradlab.vocabulary.targets import Target


class Moons(GeneratedDataset):
    """Two interleaved half circles: class 0 is the upper one, class 1 the lower one."""

    kind: Literal["moons"] = "moons"
    noise: float = Noise
    """Standard deviation of the Gaussian noise added to each coordinate."""

    @property
    def feature_shape(self) -> Shape:
        return (2,)

    @property
    def target(self) -> Target:
        return Target("classes", 2)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import make_moons

        x, y = make_moons(n_samples=self.samples, noise=self.noise, random_state=self.seed)
        return x, y
