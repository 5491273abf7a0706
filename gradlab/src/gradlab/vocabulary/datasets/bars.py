"""Small images of vertical bars or of horizontal stripes."""

from typing import Literal

import numpy as np
from pydantic import Field

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, Noise, Shape
from gradlab.vocabulary.targets import Target


class Bars(GeneratedDataset):
    """Bars and stripes (MacKay 2003): pixels of 0 or 1, equal along each row (class 0) or each column (class 1).

    Each row or column is 1 or 0 with the same probability; images of one colour, which would be of both classes, are
    left out. The mean of every pixel is the same in both classes, so that only several pixels together separate them.
    """

    kind: Literal["bars"] = "bars"
    noise: float = Noise
    """Standard deviation of the Gaussian noise added to each pixel."""
    size: int = Field(default=8, ge=2, le=32)
    """Pixels along each side."""
    form: Literal["flat", "image"] = "flat"
    """The shape of a sample: "flat", `size`² numbers; "image", `size` by `size` pixels of one channel."""

    @property
    def feature_shape(self) -> Shape:
        return (self.size**2,) if self.form == "flat" else (self.size, self.size, 1)

    @property
    def target(self) -> Target:
        return Target("classes", 2)

    @property
    def whole_below(self) -> int | None:
        return 2 if self.scale is None and not self.noise else None

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(self.seed)
        y = random.integers(0, 2, self.samples)
        # The bits of a number that is neither all zeros nor all ones: one for each row or column.
        patterns = random.integers(1, 2**self.size - 1, self.samples)
        lines = (patterns[:, None] >> np.arange(self.size)) & 1  # (samples, size)
        rows = np.repeat(lines[:, :, None], self.size, axis=2)  # (samples, size, size), each row of one colour
        x = np.where(y[:, None, None] == 0, rows, rows.transpose(0, 2, 1)).reshape(self.samples, -1)
        return x + random.normal(0, self.noise, x.shape), y
