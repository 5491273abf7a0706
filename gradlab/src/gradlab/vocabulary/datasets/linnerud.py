"""Weight, waist and pulse of twenty men, from three exercises."""

from typing import Literal

import numpy as np

from gradlab.vocabulary.datasets.dataset import BundledDataset, ScaledTargets
from gradlab.vocabulary.targets import Target


class Linnerud(BundledDataset, ScaledTargets):
    """Weight, waist and pulse of twenty men, from their chin-ups, sit-ups and jumps (Tenenhaus 1998): three values."""

    kind: Literal["linnerud"] = "linnerud"
    shape = (20, 3)
    answers = Target("values", 3)

    @property
    def whole_below(self) -> int | None:
        return 252 if self.scale is None else None  # the largest input is 251 sit-ups

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import load_linnerud

        x, y = load_linnerud(return_X_y=True)
        return x, y
