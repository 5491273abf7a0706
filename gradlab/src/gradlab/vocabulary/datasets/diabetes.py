"""Diabetes: its progression within a year, from ten measurements."""

from typing import Literal

import numpy as np

from gradlab.vocabulary.datasets.dataset import BundledDataset, ScaledTargets
from gradlab.vocabulary.targets import Target


class Diabetes(BundledDataset, ScaledTargets):
    """A score of the progression of diabetes within a year, 25 to 346, from ten measurements (Efron et al. 2004).

    In the file, each measurement has mean 0 and a sum of squares of 1 over the 442 patients.
    """

    kind: Literal["diabetes"] = "diabetes"
    shape = (442, 10)
    answers = Target("values", 1)

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import load_diabetes

        x, y = load_diabetes(return_X_y=True)
        return x, y
