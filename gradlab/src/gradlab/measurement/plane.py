"""Plane of a network's two inputs: a grid around the samples, and the network's outputs on it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradlab.measurement.kinds.boundary import PLANE_POINTS

# Margin of the plane around the samples, as a share of their range.
PLANE_MARGIN = 0.1


@dataclass(frozen=True, eq=False)
class Plane:
    """Outputs of a network of two inputs on a grid.

    Attributes:
        x, y: the axes of the first and of the second input, (32,) float32 each.
        outputs: (units, 32, 32) float32; y is the second axis, x the third.
    """

    x: np.ndarray
    y: np.ndarray
    outputs: np.ndarray


def axes_around(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the axes of a grid around samples of two inputs, (samples, 2): (32,) float32 for each input.

    An axis exceeds the samples' range by a tenth on both sides, or by 0.5 if all samples are equal.
    """
    x = samples.astype(np.float64)
    low, high = x.min(axis=0), x.max(axis=0)
    margin = np.where(high > low, PLANE_MARGIN * (high - low), 0.5)
    axes = np.linspace(low - margin, high + margin, PLANE_POINTS, dtype=np.float32)  # (32, 2)
    return axes[:, 0], axes[:, 1]


def plane_around(samples: np.ndarray, outputs_of: Callable[[np.ndarray], np.ndarray]) -> Plane:
    """Return a network's outputs on the grid around samples.

    Args:
        samples: (samples, 2) inputs.
        outputs_of: (points, 2) float32 -> (points, units), the network's outputs outside training.
    """
    x, y = axes_around(samples)
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)  # row by row: x rises along a row
    outputs = np.asarray(outputs_of(points), np.float32).reshape(len(points), -1)
    return Plane(x, y, outputs.T.reshape(-1, len(y), len(x)))
