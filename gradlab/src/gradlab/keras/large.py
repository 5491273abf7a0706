"""Gradient statistics of tensors that the processor's caches do not hold, in few passes over memory.

The formulas of `gradlab.measurement.statistics` go through a tensor some 25 times where nothing fuses them. Here they
are composed of five sums, which each backend computes in its own way.
"""

from typing import Any

import numpy as np
from keras import ops

from gradlab.keras.backends import backend
from gradlab.keras.namespace import xp
from gradlab.measurement.statistics import MEAN_GRADIENT_STATISTICS
from gradlab.measurement.statistics.gradients import MAX_MEAN_SHARE, std
from gradlab.measurement.statistics.statistic import nonfinite


def gradient_columns(g: Any) -> list[Any]:
    """Return one array of (seeds, tensors) for each statistic that is a mean over batches, from (seeds, tensors, n)."""
    n = np.float32(g.shape[-1])
    total, absolute, square, zeros, largest = backend.sums_of_large(g)
    sizes, mean, squares = absolute / n, total / n, square / n
    of_mean = ops.square(mean)
    is_finite = ops.all(xp.isfinite(sizes))
    # Its mean is so large beside the deviation that float32 would lose digits.
    is_far = ops.any(ops.greater(of_mean, np.float32(MAX_MEAN_SHARE) * squares))
    by_name = {
        "mean_abs": sizes,
        "mean": mean,
        "std": ops.cond(is_far, lambda: std(g, xp), lambda: xp.sqrt(ops.maximum(squares - of_mean, np.float32(0.0)))),
        "l2": xp.sqrt(squares * n),
        # XLA's maximum may ignore NaN, which the sum has.
        "max_abs": ops.where(ops.not_equal(sizes, sizes), sizes, largest),
        "zero_fraction": zeros / n,
        "nonfinite": ops.cond(is_finite, lambda: ops.zeros_like(mean), lambda: nonfinite(g, xp)),
    }
    return [by_name[each.name] for each in MEAN_GRADIENT_STATISTICS]
