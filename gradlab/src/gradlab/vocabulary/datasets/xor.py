"""Exclusive or, and the parity of more than two bits."""

from typing import Literal

import numpy as np
from pydantic import Field

from gradlab.vocabulary.datasets.dataset import GeneratedDataset, Noise, Shape
from gradlab.vocabulary.targets import Target


class Xor(GeneratedDataset):
    """Noisy corners of a hypercube, ±1 in each feature. Class 1 has an odd number of features that are 1.

    With two bits, no network without a hidden layer can learn it (Minsky & Papert 1969). With many bits, gradients have
    almost no information about the solution (Shalev-Shwartz, Shamir & Shammah 2017).
    """

    kind: Literal["xor"] = "xor"
    noise: float = Noise
    """Standard deviation of the Gaussian noise added to each coordinate."""
    bits: int = Field(default=2, ge=2, le=100)
    """Inputs per sample."""

    @property
    def feature_shape(self) -> Shape:
        return (self.bits,)

    @property
    def target(self) -> Target:
        return Target("classes", 2)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(self.seed)
        bits = random.integers(0, 2, (self.samples, self.bits))
        x = 2.0 * bits - 1 + random.normal(0, self.noise, bits.shape)
        return x, bits.sum(axis=1) % 2
