"""Ten Gaussian features; the class depends on the distance from the origin."""

from typing import Literal

import numpy as np

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, Shape
from gradlab.vocabulary.targets import Target


class Hastie102(GeneratedDataset):
    """Ten standard Gaussian features. Class 1 has a sum of their squares above 9.34, the median of chi-squared with ten
    degrees of freedom (Hastie, Tibshirani & Friedman 2009, equation 10.2)."""

    kind: Literal["hastie_10_2"] = "hastie_10_2"

    @property
    def feature_shape(self) -> Shape:
        return (10,)

    @property
    def target(self) -> Target:
        return Target("classes", 2)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import make_hastie_10_2

        x, y = make_hastie_10_2(n_samples=self.samples, random_state=self.seed)
        return x, y > 0
