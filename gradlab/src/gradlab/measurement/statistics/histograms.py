"""Histograms of gradients and weights over fixed bins of half a decade, on both sides of zero.

Bins that are fitted to the data cannot be compared between epochs. Linear bins would show a single spike.
"""

from typing import Any

import numpy as np

from gradlab.measurement.statistics.statistic import Array

# 1e-9, 3.2e-9 ... 316, 1000, and the same below zero. Smaller magnitudes share the middle bin with 0.
MAGNITUDES = np.array([10.0 ** (half / 2) for half in range(-18, 7)], np.float32)
EDGES = np.concatenate([-MAGNITUDES[::-1], MAGNITUDES])
BIN_NAMES = tuple(str(number) for number in range(len(EDGES) + 1))


def histogram(x: Array, xp: Any) -> Array:
    """Count the entries of (..., n) in each bin: (..., bins) float32.

    Bin i holds EDGES[i - 1] ≤ x < EDGES[i]. The first and the last bin include the infinities. A NaN is in no bin.
    """
    reached = xp.sum(xp.where(xp.greater_equal(x[..., None, :], EDGES[:, None]), 1.0, 0.0), axis=-1)  # (..., edges)
    real = xp.sum(xp.where(xp.isnan(x), 0.0, 1.0), axis=-1)[..., None]
    above = xp.concatenate([real, reached], axis=-1)
    return above - xp.concatenate([reached, xp.zeros_like(real)], axis=-1)


# A float32's exponent gives its octave, and no octave holds two edges. The tables have, for each exponent, the number
# of edges below the octave and the next edge.
_OCTAVES = 2.0 ** (np.arange(256) - 127.0)
_OCTAVES[0] = 0.0
_BELOW = np.searchsorted(MAGNITUDES, _OCTAVES, side="left")
_EDGE = np.append(MAGNITUDES, np.float32(np.nan))[_BELOW]


def bins(x: np.ndarray) -> np.ndarray:
    """Return each number's bin, several times faster than a search among the edges. A NaN's bin is arbitrary.

    Args:
        x: float32, of any shape.
    """
    exponents = (np.ascontiguousarray(x).view(np.int32) >> 23) & 255
    size, edge, below = np.abs(x), _EDGE[exponents], _BELOW[exponents]
    middle = len(MAGNITUDES)
    result: np.ndarray = np.where(x < 0, middle - below - (size > edge), middle + below + (size >= edge))
    return result
