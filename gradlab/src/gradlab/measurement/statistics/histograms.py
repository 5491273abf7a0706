"""Fixed bins for gradients and weights: half a decade each, on both sides of zero.

Bins that follow the data cannot be compared between epochs, and linear ones show a single spike.
"""

from typing import Any

import numpy as np

from gradlab.measurement.statistics.statistic import Array

# 1e-9, 3.2e-9 ... 316, 1000 and the same below zero; what is smaller counts as zero.
MAGNITUDES = np.array([10.0 ** (half / 2) for half in range(-18, 7)], np.float32)
EDGES = np.concatenate([-MAGNITUDES[::-1], MAGNITUDES])
BIN_NAMES = tuple(str(number) for number in range(len(EDGES) + 1))


def histogram(x: Array, xp: Any) -> Array:
    """How many of (..., n) lie in each bin: (..., bins) float32.

    Bin i holds EDGES[i - 1] ≤ x < EDGES[i]; the first and the last reach to the infinities. A NaN is in no bin.
    """
    reached = xp.sum(xp.where(x[..., None, :] >= EDGES[:, None], 1.0, 0.0), axis=-1)  # (..., edges)
    real = xp.sum(xp.where(xp.isnan(x), 0.0, 1.0), axis=-1)[..., None]  # (..., 1)
    above = xp.concatenate([real, reached], axis=-1)
    return above - xp.concatenate([reached, xp.zeros_like(real)], axis=-1)


# A float32's exponent says in which octave it lies. No octave holds two edges: its edge, and how many are below it.
_OCTAVES = 2.0 ** (np.arange(256) - 127.0)
_OCTAVES[0] = 0.0
_BELOW = np.searchsorted(MAGNITUDES, _OCTAVES, side="left")
_EDGE = np.append(MAGNITUDES, np.float32(np.nan))[_BELOW]


def bins(x: np.ndarray) -> np.ndarray:
    """The bin of each number, several times as fast as looking it up among the edges; of a NaN, any.

    Args:
        x: float32.
    """
    exponents = (np.ascontiguousarray(x).view(np.int32) >> 23) & 255
    size, edge, below = np.abs(x), _EDGE[exponents], _BELOW[exponents]
    middle = len(MAGNITUDES)
    result: np.ndarray = np.where(x < 0, middle - below - (size > edge), middle + below + (size >= edge))
    return result
