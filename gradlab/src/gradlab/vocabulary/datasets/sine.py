"""Noisy sine waves: prediction of the next values."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from gradlab.vocabulary.datasets.dataset import Noise, SequenceDataset, Shape
from gradlab.vocabulary.targets import Target

Frequency = Annotated[float, Field(gt=0, le=0.5)]


class Sine(SequenceDataset):
    """sin(2π·f·t + φ) + noise at t = 0, 1, ...; the next values are to be predicted.

    Each sample has its own frequency f and phase φ, both uniform. The values to be predicted are noisy too, so that no
    prediction has a mean squared error below noise².
    """

    kind: Literal["sine"] = "sine"
    noise: float = Noise
    """Standard deviation of the Gaussian noise added to each value."""
    length: int = Field(default=50, ge=2, le=500)
    """Time steps of the input."""
    horizon: int = Field(default=1, ge=1, le=100)
    """Number of values to predict."""
    frequencies: Annotated[tuple[Frequency, Frequency], Field(strict=False)] = (0.02, 0.1)
    """The lowest and the highest frequency, in periods per step."""

    @property
    def feature_shape(self) -> Shape:
        return (self.length, 1)

    @property
    def target(self) -> Target:
        return Target("values", self.horizon)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(self.seed)
        frequency = random.uniform(*self.frequencies, (self.samples, 1))
        phase = random.uniform(0, 2 * np.pi, (self.samples, 1))
        waves = np.sin(2 * np.pi * frequency * np.arange(self.length + self.horizon) + phase)  # (samples, time)
        waves += random.normal(0, self.noise, waves.shape)
        return waves[:, : self.length], waves[:, self.length :]

    @field_validator("frequencies")
    @classmethod
    def _lowest_first(cls, frequencies: tuple[float, float]) -> tuple[float, float]:
        if frequencies[0] > frequencies[1]:
            raise ValueError("two numbers, the lower one first")
        return frequencies
