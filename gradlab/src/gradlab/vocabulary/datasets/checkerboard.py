"""A checkerboard: squares of two alternating classes."""

from typing import Literal

import numpy as np
from pydantic import Field

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, Shape
from gradlab.vocabulary.targets import Target


class Checkerboard(GeneratedDataset):
    """Points uniform on [−1, 1]², divided into squares whose classes alternate like the colours of a checkerboard.

    The square at the lower left has class 0. With two squares a side it is exclusive or without gaps. Each further
    square adds a line to the boundary (Ho & Kleinberg 1996).
    """

    kind: Literal["checkerboard"] = "checkerboard"
    squares: int = Field(default=4, ge=2, le=100)
    """Squares along each side."""
    noise: float = Field(default=0.0, ge=0, le=1e6)
    """Standard deviation of the Gaussian noise added to each coordinate."""

    @property
    def feature_shape(self) -> Shape:
        return (2,)

    @property
    def target(self) -> Target:
        return Target("classes", 2)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(self.seed)
        x = random.uniform(-1, 1, (self.samples, 2))
        squares = np.floor((x + 1) / 2 * self.squares).astype(np.int64)  # (samples, 2): column and row
        return x + random.normal(0, self.noise, x.shape), squares.sum(axis=1) % 2
