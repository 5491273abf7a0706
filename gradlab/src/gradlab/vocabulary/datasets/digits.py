"""Handwritten digits: images of 8 by 8 pixels with values from 0 to 16."""

from typing import Literal

import numpy as np

from gradlab.vocabulary.datasets.dataset import BundledDataset, Shape
from gradlab.vocabulary.targets import Target

SHAPES: dict[str, Shape] = {"flat": (64,), "image": (8, 8, 1), "rows": (8, 8), "pixels": (64, 1)}


class Digits(BundledDataset):
    """Handwritten digits in ten classes: images of 8 by 8 pixels with values from 0 to 16 (UCI ML, 1998).

    As a sequence of rows, or of pixels like MNIST in Le, Jaitly & Hinton (2015), it is a sequence task.
    """

    kind: Literal["digits"] = "digits"
    form: Literal["flat", "image", "rows", "pixels"] = "flat"
    """The shape of a sample: "flat", 64 numbers; "image", 8 by 8 pixels of one channel; "rows", 8 steps of 8 pixels;
    "pixels", 64 steps of one pixel."""
    shape = (1797, 64)
    answers = Target("classes", 10)

    @property
    def feature_shape(self) -> Shape:
        return SHAPES[self.form]

    @property
    def whole_below(self) -> int | None:
        return 17 if self.scale is None else None

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.datasets import load_digits

        x, y = load_digits(return_X_y=True)
        return x, y
