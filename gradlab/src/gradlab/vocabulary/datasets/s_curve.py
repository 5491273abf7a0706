"""A sheet bent like an S: prediction of a point's position along the curve."""

from typing import Literal

import numpy as np

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, Noise, ScaledTargets, Shape
from gradlab.vocabulary.targets import Target


class SCurve(GeneratedDataset, ScaledTargets):
    """Points (sin t, 2·u, sign(t)·(cos t − 1)) on a bent sheet; t, uniform on [−3π/2, 3π/2], is to be predicted.

    u is uniform on [0, 1].
    """

    kind: Literal["s_curve"] = "s_curve"
    noise: float = Noise
    """Standard deviation of the Gaussian noise added to each coordinate."""

    @property
    def feature_shape(self) -> Shape:
        return (3,)

    @property
    def target(self) -> Target:
        return Target("values", 1)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import make_s_curve

        x, t = make_s_curve(self.samples, noise=self.noise, random_state=self.seed)
        return x, t
