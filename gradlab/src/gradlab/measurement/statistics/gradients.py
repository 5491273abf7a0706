"""Statistics of gradients.

g stands for the gradient of one mini-batch's loss with respect to one weight tensor before clipping, n for its number
of entries. An epoch's value is the mean over its mini-batches, with equal weights. A statistic of the union is computed
once for the epoch. Its array has a 0 where the gradient was exactly 0 in every batch; NaN counts as not 0. Epoch 0 is
one batch: the gradient over all training samples at initialisation. `compute(g, xp)` takes (..., n) and reduces the
last axis. `xp` is an array namespace: `keras.ops` inside the compiled program, `numpy` elsewhere.
"""

from typing import Any

from gradlab.measurement.statistics.statistic import Array, Statistic, nonfinite

# A Watch measures large tensors from five sums, in few passes over memory, and not by the formulas.
# Entries from which on a tensor counts as large: 256 kB of float32, what a core's own cache may hold.
MIN_LARGE = 65_536
# Entries of a large tensor that are read at a time.
MAX_PIECE = MIN_LARGE
# Share of E[g²] that E[g]² may have: at a half, E[g²] − E[g]² loses one bit.
MAX_MEAN_SHARE = 0.5


def mean_abs(g: Array, xp: Any) -> Array:
    return xp.mean(xp.abs(g), axis=-1)


def mean(g: Array, xp: Any) -> Array:
    return xp.mean(g, axis=-1)


def std(g: Array, xp: Any) -> Array:
    return xp.sqrt(xp.mean(xp.square(g - xp.mean(g, axis=-1, keepdims=True)), axis=-1))


def l2(g: Array, xp: Any) -> Array:
    return xp.sqrt(xp.sum(xp.square(g), axis=-1))


def max_abs(g: Array, xp: Any) -> Array:
    return xp.max(xp.abs(g), axis=-1)


def zero_fraction(g: Array, xp: Any) -> Array:
    return xp.mean(xp.where(xp.equal(g, 0.0), 1.0, 0.0), axis=-1)


def always_zero_fraction(g: Array, xp: Any) -> Array:
    return zero_fraction(g, xp)


LOSS_PER_WEIGHT = "loss per unit of weight"

# Statistics that are means over the batches come first, then those of the union: the order of the columns.
GRADIENT_STATISTICS = (
    Statistic(
        "mean_abs", "Σ|gᵢ|/n", "log", LOSS_PER_WEIGHT, "the average size of the gradient: small means slow", mean_abs
    ),
    Statistic(
        "mean", "Σgᵢ/n", "linear", LOSS_PER_WEIGHT, "far from 0 beside mean_abs: the weights drift together", mean
    ),
    Statistic("std", "√(Σ(gᵢ − mean)²/n)", "log", LOSS_PER_WEIGHT, "spread of the entries around their mean", std),
    Statistic(
        "l2",
        "√(Σgᵢ²)",
        "log",
        LOSS_PER_WEIGHT,
        "the length of the gradient, which clipping by norm limits",
        l2,
        note="infinite in float32 from about 1.8e19",
    ),
    Statistic("max_abs", "max|gᵢ|", "log", LOSS_PER_WEIGHT, "the largest entry: explodes first", max_abs),
    Statistic(
        "zero_fraction",
        "#{i : gᵢ = 0}/n",
        "share",
        "share",
        "the share that learns nothing from a batch: units that are off, inputs that are 0",
        zero_fraction,
    ),
    Statistic(
        "nonfinite",
        "#{i : gᵢ is NaN or ±∞}",
        "linear",
        "entries",
        "above 0: the run has left the finite numbers",
        nonfinite,
        interval="[0, n]",
    ),
    Statistic(
        "always_zero_fraction",
        "#{i : gᵢ = 0 in every mini-batch of the epoch}/n",
        "share",
        "share",
        "the share that learns nothing in a whole epoch: dead units",
        always_zero_fraction,
        over_batches="union",
    ),
)

GRADIENT_STATISTIC_NAMES = tuple(statistic.name for statistic in GRADIENT_STATISTICS)
# Means need a running sum over the batches. Unions need a record of the entries that were ever different from 0.
MEAN_GRADIENT_STATISTICS = tuple(each for each in GRADIENT_STATISTICS if each.over_batches == "mean")
UNION_GRADIENT_STATISTICS = tuple(each for each in GRADIENT_STATISTICS if each.over_batches == "union")
