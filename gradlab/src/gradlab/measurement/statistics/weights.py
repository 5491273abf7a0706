"""Statistics of a weight tensor at an epoch's end.

w stands for its n entries at the end of the epoch, v for its entries at the beginning. `compute(w, v, xp)` takes two
arrays of (..., n) and reduces their last axis. At epoch 0, before the first update, w = v.
"""

from typing import Any

from gradlab.measurement.statistics import gradients
from gradlab.measurement.statistics.statistic import Array, Statistic
from gradlab.measurement.statistics.statistic import nonfinite as count_nonfinite


def l1(w: Array, v: Array, xp: Any) -> Array:
    return xp.sum(xp.abs(w), axis=-1)


def l2(w: Array, v: Array, xp: Any) -> Array:
    return gradients.l2(w, xp)


def mean(w: Array, v: Array, xp: Any) -> Array:
    return gradients.mean(w, xp)


def std(w: Array, v: Array, xp: Any) -> Array:
    return gradients.std(w, xp)


def change_l1(w: Array, v: Array, xp: Any) -> Array:
    return xp.sum(xp.abs(w - v), axis=-1)


def update_ratio(w: Array, v: Array, xp: Any) -> Array:
    # Divided by the weights at the epoch's end: biases start at 0, so the ratio to the beginning would be infinite.
    size = gradients.l2(w, xp)
    return xp.where(xp.equal(size, 0.0), 0.0, gradients.l2(w - v, xp) / xp.where(xp.equal(size, 0.0), 1.0, size))


def nonfinite(w: Array, v: Array, xp: Any) -> Array:
    return count_nonfinite(w, xp)


WEIGHT = "weight"

WEIGHT_STATISTICS = (
    Statistic("l1", "Σ|wᵢ|", "log", WEIGHT, "the size of the weights, each counting by its amount", l1),
    Statistic("l2", "√(Σwᵢ²)", "log", WEIGHT, "the length of the weights: grows without end when they explode", l2),
    Statistic(
        "mean", "Σwᵢ/n", "linear", WEIGHT, "far from 0 beside std: units of a layer become copies of one another", mean
    ),
    Statistic("std", "√(Σ(wᵢ − mean)²/n)", "log", WEIGHT, "the spread that initialisers set", std),
    Statistic("change_l1", "Σ|wᵢ − vᵢ|", "log", WEIGHT, "how far the epoch moved the weights", change_l1),
    Statistic(
        "update_ratio",
        "‖w − v‖₂/‖w‖₂; 0 where w = 0",
        "log",
        "share",
        "the epoch's move beside the weights: far below 0.001 means that the layer stands still",
        update_ratio,
    ),
    Statistic(
        "nonfinite",
        "#{i : wᵢ is NaN or ±∞}",
        "linear",
        "entries",
        "above 0: the run has left the finite numbers",
        nonfinite,
        interval="[0, n]",
    ),
)

WEIGHT_STATISTIC_NAMES = tuple(statistic.name for statistic in WEIGHT_STATISTICS)
