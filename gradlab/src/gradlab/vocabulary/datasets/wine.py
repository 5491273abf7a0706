"""Thirteen chemical measurements of wines from three growers."""

from typing import Literal

import numpy as np

from gradlab.vocabulary.datasets.dataset import BundledDataset
from gradlab.vocabulary.targets import Target


class Wine(BundledDataset):
    """Thirteen chemical measurements of wines from three growers (UCI ML, 1991)."""

    kind: Literal["wine"] = "wine"
    shape = (178, 13)
    answers = Target("classes", 3)

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import load_wine

        x, y = load_wine(return_X_y=True)
        return x, y
