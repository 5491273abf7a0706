"""A rolled-up sheet: prediction of a point's position along the roll."""

from typing import Literal

import numpy as np

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, Noise, ScaledTargets, Shape
from gradlab.vocabulary.targets import Target


class SwissRoll(GeneratedDataset, ScaledTargets):
    """Points (t·cos t, 21·u, t·sin t) on a rolled-up sheet; t, uniform on [3π/2, 9π/2], is to be predicted.

    u is uniform on [0, 1] (Marsland 2014).
    """

    kind: Literal["swiss_roll"] = "swiss_roll"
    noise: float = Noise
    """Standard deviation of the Gaussian noise added to each coordinate."""
    hole: bool = False
    """True if the sheet has a rectangular hole."""

    @property
    def feature_shape(self) -> Shape:
        return (3,)

    @property
    def target(self) -> Target:
        return Target("values", 1)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import make_swiss_roll

        x, t = make_swiss_roll(self.samples, noise=self.noise, hole=self.hole, random_state=self.seed)
        return x, t
