"""The temporal order problem: classification by the order of two symbols in a long sequence."""

from typing import Literal

import numpy as np
from pydantic import Field

from gradlab.vocabulary.datasets.dataset import SequenceDataset, Shape
from gradlab.vocabulary.targets import Target

# Places in a step's one-hot row: four distractor letters, X and Y, the first step's symbol, the last step's symbol.
LETTERS, X, FIRST, LAST, SYMBOLS = 4, 4, 6, 7, 8


class TemporalOrder(SequenceDataset):
    """Sequences of distractor letters with one X or Y in each half. The classes are XX, XY, YX and YY.

    It is task 6a of Hochreiter & Schmidhuber (1997), with sequences of one length. Each step is a one-hot row over the
    letters a, b, c, d, X, Y, the first step's symbol and the last step's symbol.
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
