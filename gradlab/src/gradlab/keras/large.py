"""Gradient statistics of tensors that the processor's caches do not hold, in few passes over memory.

The formulas of `gradlab.measurement.statistics` go through a tensor some 25 times where nothing fuses them. Here they
are composed of five sums, in a form that XLA computes with vectors: it adds entries of a long row one after another,
but those of many columns side by side.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from gradlab.keras.namespace import xp
from gradlab.measurement.statistics import MEAN_GRADIENT_STATISTICS
from gradlab.measurement.statistics.gradients import std
from gradlab.measurement.statistics.statistic import nonfinite

# Entries from which on a tensor counts as large: 256 kB of float32, what a core's own cache may hold.
MIN_SIZE = 65_536
# Sums side by side.
COLUMNS = 128
# Share of E[g²] that E[g]² may have: at a half, E[g²] − E[g]² loses one bit.
MAX_MEAN_SHARE = np.float32(0.5)


def gradient_columns(g: Any) -> list[Any]:
    """Return one array of (seeds, tensors) for each statistic that is a mean over batches, from (seeds, tensors, n)."""
    n = np.float32(g.shape[-1])
    sizes, mean = _sum(ops.abs(g)) / n, _sum(g) / n
    squares, of_mean = _sum(ops.square(g)) / n, ops.square(mean)
    is_finite = ops.all(xp.isfinite(sizes))
    # Its mean is so large beside the deviation that float32 would lose digits.
    is_far = ops.any(ops.greater(of_mean, MAX_MEAN_SHARE * squares))
    by_name = {
        "mean_abs": sizes,
        "mean": mean,
        "std": ops.cond(is_far, lambda: std(g, xp), lambda: xp.sqrt(ops.maximum(squares - of_mean, np.float32(0.0)))),
        "l2": xp.sqrt(squares * n),
        # XLA's maximum may ignore NaN, which the sum has.
        "max_abs": ops.where(ops.not_equal(sizes, sizes), sizes, _max(ops.abs(g))),
        "zero_fraction": _sum(ops.cast(ops.equal(g, np.float32(0.0)), "float32")) / n,
        "nonfinite": ops.cond(is_finite, lambda: ops.zeros_like(mean), lambda: nonfinite(g, xp)),
    }
    return [by_name[each.name] for each in MEAN_GRADIENT_STATISTICS]


def _sum(x: Any) -> Any:
    return _reduced(x, ops.sum, ops.add)


def _max(x: Any) -> Any:
    return _reduced(x, ops.max, ops.maximum)


def _reduced(x: Any, reduce: Callable[..., Any], join: Callable[[Any, Any], Any]) -> Any:
    """Reduce the last axis: columns side by side, then their results."""
    n = x.shape[-1]
    whole = n // COLUMNS * COLUMNS
    columns = ops.reshape(x if whole == n else x[..., :whole], (*x.shape[:-1], whole // COLUMNS, COLUMNS))
    result = reduce(reduce(columns, axis=-2), axis=-1)
    return result if whole == n else join(result, reduce(x[..., whole:], axis=-1))
