"""Four measurements of the flowers of three kinds of iris."""

from typing import Literal

import numpy as np

from gradlab.vocabulary.datasets.dataset import BundledDataset
from gradlab.vocabulary.targets import Target


class Iris(BundledDataset):
    """Four measurements of the flowers of three kinds of iris, in centimetres (Fisher 1936)."""

    kind: Literal["iris"] = "iris"
    shape = (150, 4)
    answers = Target("classes", 3)

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import load_iris

        x, y = load_iris(return_X_y=True)
        return x, y
