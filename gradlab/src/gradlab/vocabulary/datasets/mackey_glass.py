"""The Mackey-Glass equation: prediction of a chaotic series."""

from typing import Literal

import numpy as np
from pydantic import Field

from gradlab.vocabulary.datasets.dataset import SequenceDataset, Shape
from gradlab.vocabulary.targets import Target

# Steps of Euler's method in a unit of time, as in Jaeger (2001). Every tenth value is kept.
STEPS_A_UNIT = 10
# Units of time after which a series does not depend on its beginning any more: about ten turns around the attractor.
SETTLING = 500
# Series that are computed side by side. Each gives several samples, which do not overlap.
SERIES = 256


class MackeyGlass(SequenceDataset):
    """dx/dt = 0.2·x(t − τ)/(1 + x(t − τ)¹⁰) − 0.1·x(t), the density of blood cells (Mackey & Glass 1977).

    The inputs are the values at `length` times, one unit apart. The value `ahead` units later is to be predicted. Below
    τ ≈ 4.5 the series converges to 1, above it oscillates. From τ ≈ 17 on it is chaotic, and far values cannot be
    predicted.
    """

    kind: Literal["mackey_glass"] = "mackey_glass"
    noise: float = Field(default=0.0, ge=0, le=1e6)
    """Standard deviation of the Gaussian noise added to each value, also to the predicted one."""
    length: int = Field(default=50, ge=2, le=500)
    """Time steps of the input."""
    ahead: int = Field(default=6, ge=1, le=100)
    """Units of time from the last step to the value to be predicted."""
    delay: int = Field(default=17, ge=5, le=100)
    """τ, in units of time."""

    @property
    def feature_shape(self) -> Shape:
        return (self.length, 1)

    @property
    def target(self) -> Target:
        return Target("values", 1)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(self.seed)
        window, each = self.length + self.ahead, -(-self.samples // SERIES)
        initial = random.uniform(0.5, 1.5, SERIES)
        values = mackey_glass(initial, SETTLING + each * window, self.delay)[SETTLING:]  # (each·window, series)
        windows = values.T.reshape(SERIES * each, window)
        windows = windows[random.permutation(len(windows))[: self.samples]]
        windows = windows + random.normal(0, self.noise, windows.shape)
        return windows[:, : self.length], windows[:, -1]


def mackey_glass(initial: np.ndarray, units: int, delay: int) -> np.ndarray:
    """Solve the Mackey-Glass equation for several series, side by side.

    Args:
        initial: (series,) the value of each at all times up to 0.
        units: the last time, in units of time.
        delay: τ, in units of time.

    Returns:
        (units, series) the values at t = 1, 2, ..., `units`.
    """
    past = np.tile(initial, (delay * STEPS_A_UNIT, 1))  # a ring: the oldest value is replaced by the newest
    x, values = np.array(initial, dtype=np.float64), np.empty((units, len(initial)))
    for step in range(units * STEPS_A_UNIT):
        place = step % len(past)
        delayed = past[place].copy()
        past[place] = x
        fifth = delayed**2 * delayed**2 * delayed
        x = x + (0.2 * delayed / (1 + fifth * fifth) - 0.1 * x) / STEPS_A_UNIT
        if (step + 1) % STEPS_A_UNIT == 0:
            values[step // STEPS_A_UNIT] = x
    return values
