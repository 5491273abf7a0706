"""The adding problem: the sum of two marked numbers in a long sequence."""

from typing import Literal

import numpy as np
from pydantic import Field

from gradlab.vocabulary.datasets.dataset import SequenceDataset, Shape
from gradlab.vocabulary.targets import Target


class Adding(SequenceDataset):
    """The sum of two marked numbers in a sequence (Hochreiter & Schmidhuber 1997; Le, Jaitly & Hinton 2015).

    Each step has a number, uniform on [0, 1], and a mark: 1 at one step in each half of the sequence, 0 elsewhere. The
    sum of the two marked numbers is to be predicted after the last step. The constant prediction 1 has a mean squared
    error of 1/6 ≈ 0.167. Only a lower error shows that the network has remembered something.
    """

    kind: Literal["adding"] = "adding"
    length: int = Field(default=100, ge=2, le=500)
    """Time steps."""

    @property
    def feature_shape(self) -> Shape:
        return (self.length, 2)

    @property
    def target(self) -> Target:
        return Target("values", 1)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(self.seed)
        middle, rows = self.length // 2, np.arange(self.samples)
        numbers = random.random((self.samples, self.length))
        first, second = (random.integers(*half, self.samples) for half in ((0, middle), (middle, self.length)))
        marks = np.zeros_like(numbers)
        marks[rows, first] = marks[rows, second] = 1
        return np.stack([numbers, marks], axis=-1), numbers[rows, first] + numbers[rows, second]
