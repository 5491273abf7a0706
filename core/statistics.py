"""Shelf: every statistic once, with its formula, range and unit.

A statistic is one number about one tensor. It is written against `xp`, an array namespace: `keras.ops` inside the
compiled training program, `numpy` in tests and after the fact. g stands for the gradient of one mini-batch's loss with
respect to one weight tensor, before any clipping, n for its number of entries. What is kept for an epoch is the mean
over the epoch's mini-batches, each counting the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Array = Any


@dataclass(frozen=True)
class Statistic:
    """One number about one tensor.

    Attributes:
        name: how it is asked for.
        formula: what it is, in symbols.
        range: the values it can take; beyond them lie only NaN and infinities, which are kept as they are.
        unit: in what it is measured.
        meaning: what a reader learns from it.
        compute: the formula in code, (tensor, xp) -> scalar.
    """

    name: str
    formula: str
    range: str
    unit: str
    meaning: str
    compute: Callable[[Array, Any], Array]


def mean_abs(g: Array, xp: Any) -> Array:
    return xp.mean(xp.abs(g))


def mean(g: Array, xp: Any) -> Array:
    return xp.mean(g)


def std(g: Array, xp: Any) -> Array:
    return xp.sqrt(xp.mean(xp.square(g - xp.mean(g))))


def l2(g: Array, xp: Any) -> Array:
    return xp.sqrt(xp.sum(xp.square(g)))


def max_abs(g: Array, xp: Any) -> Array:
    return xp.max(xp.abs(g))


def zero_fraction(g: Array, xp: Any) -> Array:
    return xp.mean(xp.where(xp.equal(g, 0.0), 1.0, 0.0))


LOSS_PER_WEIGHT = "loss per unit of weight"

GRADIENT_STATISTICS = (
    Statistic(
        "mean_abs", "Σ|gᵢ|/n", "[0, ∞)", LOSS_PER_WEIGHT, "the average size of the gradient: small means slow", mean_abs
    ),
    Statistic(
        "mean", "Σgᵢ/n", "(−∞, ∞)", LOSS_PER_WEIGHT, "far from 0 beside mean_abs: the weights drift together", mean
    ),
    Statistic("std", "√(Σ(gᵢ − mean)²/n)", "[0, ∞)", LOSS_PER_WEIGHT, "spread of the entries around their mean", std),
    Statistic(
        "l2",
        "√(Σgᵢ²)",
        "[0, ∞); infinite in float32 from about 1.8e19",
        LOSS_PER_WEIGHT,
        "the length of the gradient: what clipping by norm looks at",
        l2,
    ),
    Statistic("max_abs", "max|gᵢ|", "[0, ∞)", LOSS_PER_WEIGHT, "the largest entry: explodes first", max_abs),
    Statistic(
        "zero_fraction",
        "#{i : gᵢ = 0}/n",
        "[0, 1]",
        "share",
        "the share that learns nothing: dead units",
        zero_fraction,
    ),
)

GRADIENT_STATISTIC_NAMES = tuple(statistic.name for statistic in GRADIENT_STATISTICS)
