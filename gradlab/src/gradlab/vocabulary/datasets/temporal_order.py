"""The temporal order problem: which came first?"""

from typing import Literal

import numpy as np
from pydantic import Field

from gradlab.vocabulary.datasets.dataset import SequenceDataset, Shape
from gradlab.vocabulary.targets import Target

# Places in a step's row: four letters without meaning, the two that matter, the first step's and the last one's.
LETTERS, X, FIRST, LAST, SYMBOLS = 4, 4, 6, 7, 8


class TemporalOrder(SequenceDataset):
    """Letters without meaning, among them one X or Y in each half; the class says which, in order: XX, XY, YX, YY.

    Hochreiter & Schmidhuber (1997), task 6a, with sequences of one length. Each step is a row with a single 1, one
    place for each of the letters a, b, c, d, X, Y, for the first step and for the last.
    """

    kind: Literal["temporal_order"] = "temporal_order"
    length: int = Field(default=100, ge=4, le=500)
    """Time steps."""

    @property
    def feature_shape(self) -> Shape:
        return (self.length, SYMBOLS)

    @property
    def target(self) -> Target:
        return Target("classes", 4)

    @property
    def whole_below(self) -> int:
        return 2

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(self.seed)
        middle, rows = self.length // 2, np.arange(self.samples)
        steps = random.integers(0, LETTERS, (self.samples, self.length))
        steps[:, 0], steps[:, -1] = FIRST, LAST
        pair = random.integers(0, 2, (2, self.samples))  # 0 is X, 1 is Y
        steps[rows, random.integers(1, middle, self.samples)] = X + pair[0]
        steps[rows, random.integers(middle, self.length - 1, self.samples)] = X + pair[1]
        return np.eye(SYMBOLS, dtype=np.float32)[steps], 2 * pair[0] + pair[1]
