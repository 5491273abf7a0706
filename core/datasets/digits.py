"""Handwritten digits of 8 by 8 pixels, 0 to 16 each."""

from typing import Literal

import numpy as np
from sklearn.datasets import load_digits

from core.datasets.dataset import BundledDataset


class Digits(BundledDataset):
    """Handwritten digits of 8 by 8 pixels, 0 to 16 each (UCI ML, 1998): ten classes."""

    kind: Literal["digits"] = "digits"
    shape = (1797, 64)
    classes = 10

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        x, y = load_digits(return_X_y=True)
        return x, y
