"""Statistics of large layers, in blocks of samples that stay in the processor's cache.

`gradlab.measurement.statistics.activations` and `signals` go over whole arrays, once for each step of a formula. Of
millions of numbers, each such pass goes to memory and back, and allocates an array.
"""

import math
from collections import defaultdict
from typing import Any

import numpy as np

from gradlab.measurement.statistics import signals
from gradlab.measurement.statistics.activations import MAX_UNITS, SATURATED, Flow

# Numbers of a block: 256 KiB of float32, of which a processor's second cache holds some.
BLOCK = 65_536
# Samples that are added side by side, where a block has so many: adding a few units at a time is slow.
SIDE_BY_SIDE = 64


def flow_in_blocks(z: np.ndarray, h: np.ndarray, slope: np.ndarray, steepest: np.ndarray | float | None) -> Flow:
    """Return the flow through a layer, with what its statistics share computed.

    Args:
        z: pre-activations, (..., samples, units).
        h: activations, likewise.
        slope: the activation's derivative at z, likewise.
        steepest: the activation's largest slope; None if its slopes have no maximum.
    """
    blocks, samples, first = _blocks(h), h.shape[-2], h[..., :1, :]
    limit = np.nan if steepest is None else SATURATED * steepest
    total: dict[str, Any] = defaultdict(float)
    largest: Any = 0.0
    for block in blocks:
        slopes = np.abs(slope[..., block, :])
        total["z"] += _over_samples(np.add, z[..., block, :])
        total["shifts"] += _over_samples(np.add, h[..., block, :] - first)
        total["slope"] += _over_samples(np.add, slope[..., block, :])
        total["saturated"] += _over_samples(np.add, (slopes < limit).astype(h.dtype))
        total["nonfinite"] += np.count_nonzero(~np.isfinite(h[..., block, :]), axis=(-2, -1))
        largest = np.maximum(largest, _over_samples(np.maximum, slopes))
    means, shifts = np.asarray(total["z"] / samples), np.asarray(total["shifts"] / samples)
    for block in blocks:
        total["z_squares"] += _over_samples(np.add, np.square(z[..., block, :] - means[..., None, :]))
        centred = h[..., block, :] - first - shifts[..., None, :]
        few = centred[..., :MAX_UNITS]
        total["products"] += np.matmul(np.swapaxes(few, -1, -2), few)
        total["squares"] += _over_samples(np.add, np.square(centred))
    computed = {
        "pre_means": means,
        "shifts": shifts,
        "pre_variances": total["z_squares"] / samples,
        "variances": total["squares"] / samples,
        "products": total["products"] / samples,
        "slope": np.mean(total["slope"], axis=-1) / samples,
        "saturated": total["saturated"] / samples,
        "alive": ~(largest == 0.0),  # True for NaN
        "nonfinite": total["nonfinite"],
    }
    return Flow(z, h, slope, steepest, computed)


def signals_in_blocks(delta: np.ndarray) -> dict[str, np.ndarray]:
    """Return the statistics of a layer's signals, (..., samples, units): name -> (...,)."""
    parts = [delta[..., block, :] for block in _blocks(delta)]
    # The rms of all is that of the blocks' own, each as often as it has samples.
    often = [math.sqrt(part.shape[-2] * len(parts) / delta.shape[-2]) for part in parts]
    sizes = [each * signals.rms(part, np) for each, part in zip(often, parts, strict=True)]
    return {
        "rms": signals.rms(np.stack(sizes, axis=-1)[..., None], np),
        "nonfinite": sum(signals.nonfinite(part, np) for part in parts),
    }


def _blocks(x: np.ndarray) -> list[slice]:
    """Return the blocks of (..., samples, units) along its samples."""
    samples = x.shape[-2]
    rows = max(1, BLOCK // (x.size // samples) // SIDE_BY_SIDE) * SIDE_BY_SIDE
    return [slice(first, first + rows) for first in range(0, samples, rows)]


def _over_samples(ufunc: Any, x: np.ndarray) -> np.ndarray:
    """Reduce (..., samples, units) over the samples: (..., units)."""
    *leading, samples, units = x.shape
    beside = math.gcd(samples, SIDE_BY_SIDE)
    columns = ufunc.reduce(x.reshape(*leading, samples // beside, beside * units), axis=-2)
    return np.asarray(ufunc.reduce(columns.reshape(*leading, beside, units), axis=-2))
