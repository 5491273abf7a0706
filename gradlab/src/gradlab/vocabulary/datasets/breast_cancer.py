"""Breast cancer: thirty measurements of cell nuclei."""

from typing import Literal

import numpy as np

from gradlab.vocabulary.datasets.dataset import BundledDataset
from gradlab.vocabulary.targets import Target


class BreastCancer(BundledDataset):
    """Thirty measurements of cell nuclei (Wisconsin, 1995): malignant (0) or benign (1)."""

    kind: Literal["breast_cancer"] = "breast_cancer"
    shape = (569, 30)
    answers = Target("classes", 2)

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import load_breast_cancer

        x, y = load_breast_cancer(return_X_y=True)
        return x, y
