"""Reference losses: the best constant prediction, and a perfect prediction.

They are the two ends of the scale on which learning is measured. For cross-entropy the best constant prediction loses
the entropy H(y) of the targets. A perfect prediction loses 0 for most losses, more for smoothed targets and counts. The
losses' formulas stand in `gradlab.vocabulary.losses`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradlab.vocabulary.losses import LossFunction, encoding
from gradlab.vocabulary.targets import Target

Array = np.ndarray
# The loss of each number of a prediction: (y, p, loss) to an array, y and p being arrays that broadcast.
Elementwise = Callable[[Array, Array, Any], Array]

EPSILON = 1e-7  # Keras's: keeps logarithms and quotients finite
# Samples with real targets: each costs a search, and the standard error of a mean is 1.4 % of a standard deviation.
MAX_VALUES = 5_000
GOLDEN = (np.sqrt(5) - 1) / 2
STEPS = 60  # 0.618 to the power of 60 is 3e-13 of the interval


def encoded(y: Array, target: Target, units: int) -> Array:
    """(samples·steps, units) targets as the loss reads them: classes as a column of 0 and 1, or one-hot rows."""
    match encoding(target, units):
        case "column":
            return np.asarray(y.reshape(-1, 1), np.float64)
        case "one_hot":
            return np.asarray(np.eye(target.count)[y.reshape(-1)])
        case _:
            return np.asarray(y.reshape(-1, target.count), np.float64)


def baseline(loss: LossFunction, y: Array, target: Target, weights: Array | None = None) -> tuple[float, float]:
    """Return the mean loss of the best constant prediction, and that of a perfect prediction.

    Args:
        loss: the loss.
        y: (samples, units) targets as `encoded` makes them.
        target: the form of the targets.
        weights: (samples,) of the targets in the mean, which is divided by the number of samples; None for 1 each.
    """
    if weights is None:
        return _unscaled(loss, y, target, None)
    constant, perfect = _unscaled(loss, y, target, np.asarray(weights / weights.sum(), np.float64))
    return float(weights.mean()) * constant, float(weights.mean()) * perfect


def _unscaled(loss: LossFunction, y: Array, target: Target, weights: Array | None) -> tuple[float, float]:
    """Both mean losses, for weights, (samples,), that sum to 1."""
    if loss.kind in ELEMENTWISE:
        return _one_by_one(loss, *_distinct(y, target, weights))
    shares = _mean(y, weights)
    match loss.kind:
        case "categorical_crossentropy":
            smoothing = float(getattr(loss, "label_smoothing", 0.0))
            sure = _smoothed(np.eye(len(shares))[0], smoothing)
            return _entropy(_smoothed(shares, smoothing)), _entropy(sure)
        case "categorical_focal_crossentropy":
            return _focal(loss, shares), _focal(loss, np.eye(len(shares))[0])
        case "categorical_hinge":
            # Equal scores lose 1. A score of 1 for the commonest class and 0 for the others loses 2 on each sample of
            # another class.
            return min(1.0, 2 * (1 - float(shares.max()))), 0.0
        case "categorical_generalized_cross_entropy":
            return _generalized(shares, getattr(loss, "q")), 0.0  # noqa: B009
        case "cosine_similarity":
            return _cosine(y)
        case "dice":
            return 1 - float(shares.max()), 0.0
        case "tversky":
            return _tversky(loss, shares), 0.0
        case _:  # kl_divergence
            return _entropy(shares), 0.0


def _mean(y: Array, weights: Array | None) -> Array:
    """The mean over samples, (units,), by weights that sum to 1."""
    return np.asarray(y.mean(axis=0) if weights is None else weights @ y)


def _distinct(y: Array, target: Target, weights: Array | None) -> tuple[Array, Array]:
    """Distinct targets and their weights, (rows, units) each: 0 and 1 with their shares, or each real target."""
    if target.kind == "values":
        y, first = y[:MAX_VALUES], None if weights is None else weights[:MAX_VALUES]
        if first is None or not first.any():
            return y, np.full_like(y, 1 / max(1, len(y)))
        return y, np.broadcast_to((first / first.sum())[:, None], y.shape)
    ones = _mean(y, weights)
    return np.stack([np.zeros_like(ones), np.ones_like(ones)]), np.stack([1 - ones, ones])


def _one_by_one(loss: LossFunction, y: Array, weights: Array) -> tuple[float, float]:
    """Both mean losses, for a loss that is a mean over units: each unit has its own best constant."""
    function = ELEMENTWISE[loss.kind]
    low, high = _range(loss, y)

    def of_constant(p: Array) -> Array:
        return np.asarray((weights * function(y, p, loss)).sum(axis=0))  # (units,)

    def of_each(p: Array) -> Array:
        return np.asarray(function(y, p, loss))  # (rows, units)

    constant = _minimum(of_constant, low, high)
    perfect = _minimum(of_each, np.broadcast_to(low, y.shape), np.broadcast_to(high, y.shape))
    return float(constant.mean()), float((weights * perfect).sum(axis=0).mean())


def _range(loss: LossFunction, y: Array) -> tuple[Array, Array]:
    """The interval that holds the best constant, as lower and upper bounds, (units,) each."""
    if loss.kind in ("binary_crossentropy", "binary_focal_crossentropy"):
        return np.zeros(y.shape[1]), np.ones(y.shape[1])
    if loss.margin:
        return -np.ones(y.shape[1]), np.ones(y.shape[1])
    return y.min(axis=0), y.max(axis=0)


def _minimum(function: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """The minima of unimodal functions, each in its interval, by golden-section search."""
    for _ in range(STEPS):
        step = GOLDEN * (high - low)
        left = function(high - step) < function(low + step)
        low, high = np.where(left, low, high - step), np.where(left, low + step, high)
    return np.asarray(np.minimum(function((low + high) / 2), np.minimum(function(low), function(high))))


def _smoothed(shares: Array, smoothing: float) -> Array:
    """Targets after label smoothing."""
    return np.asarray(shares * (1 - smoothing) + smoothing / len(shares))


def _entropy(shares: Array) -> float:
    return float(-(shares * np.log(np.where(shares > 0, shares, 1.0))).sum()) + 0.0  # turns −0 into 0


def _generalized(shares: Array, q: float) -> float:
    """The minimum of Σ t·(1 − p^q)/q over all p with Σp = 1: by Lagrange's multiplier p ∝ t^(1/(1 − q))."""
    p = shares ** (1 / (1 - q))
    return float((1 - (shares * (p / p.sum()) ** q).sum()) / q)


def _cosine(y: Array) -> tuple[float, float]:
    """The mean of −cos for the best constant direction, that of the targets' mean direction, and for each its own."""
    lengths = np.linalg.norm(y, axis=-1, keepdims=True)
    directions = y / np.maximum(lengths, EPSILON)
    return -float(np.linalg.norm(directions.mean(axis=0))), -float((lengths > 0).mean())


def _tversky(loss: Any, shares: Array) -> float:
    """The minimum of 1 − Σ t·p/(w + (1 − w)·p) over all p with Σp = 1, w = alpha + beta.

    For w ≥ 1 each term is convex, so that the commonest class takes all. For w < 1, by Lagrange's multiplier,
    p = (√(t·w/λ) − w)/(1 − w), cut to [0, 1].
    """
    weight = loss.alpha + loss.beta
    if weight >= 1 or weight == 0:
        return 1 - float(shares.max() if weight else (shares > 0) @ shares)
    low, high = np.log(EPSILON), np.log(1 / EPSILON)
    for _ in range(STEPS):
        middle = (low + high) / 2
        p = np.clip((np.sqrt(shares * weight / np.exp(middle)) - weight) / (1 - weight), 0, 1)
        low, high = (middle, high) if p.sum() > 1 else (low, middle)
    return 1 - float((shares * p / (weight + (1 - weight) * p)).sum())


def _focal(loss: Any, shares: Array) -> float:
    """The minimum of alpha·Σ t·(1 − p)^gamma·(−log p) over all p with Σp = 1, by Lagrange's multiplier.

    At the minimum t·g′(p) is the same for all classes. g′ is negative and rises towards 0.
    """
    t, grid = _smoothed(shares, loss.label_smoothing), np.linspace(EPSILON, 1, 20_001)
    g = (1 - grid) ** loss.gamma * -np.log(grid)
    rising = np.maximum.accumulate(np.gradient(g, grid))
    low, high = np.log(EPSILON), np.log(1 / EPSILON)
    for _ in range(STEPS):
        middle = (low + high) / 2
        p = np.interp(-np.exp(middle) / np.maximum(t, EPSILON), rising, grid)
        low, high = (middle, high) if p.sum() > 1 else (low, middle)
    p = p / p.sum()
    return float(loss.alpha * (t * (1 - p) ** loss.gamma * -np.log(np.maximum(p, EPSILON))).sum())


def _binary(y: Array, p: Array, loss: Any) -> Array:
    y, p = y * (1 - loss.label_smoothing) + loss.label_smoothing / 2, np.clip(p, EPSILON, 1 - EPSILON)
    return np.asarray(-y * np.log(p) - (1 - y) * np.log(1 - p))


def _binary_focal(y: Array, p: Array, loss: Any) -> Array:
    y, p = y * (1 - loss.label_smoothing) + loss.label_smoothing / 2, np.clip(p, EPSILON, 1 - EPSILON)
    right = y * p + (1 - y) * (1 - p)
    weight = y * loss.alpha + (1 - y) * (1 - loss.alpha) if loss.apply_class_balancing else 1.0
    return np.asarray(weight * (1 - right) ** loss.gamma * (-y * np.log(p) - (1 - y) * np.log(1 - p)))


def _huber(y: Array, p: Array, loss: Any) -> Array:
    error = np.abs(y - p)
    return np.asarray(np.where(error <= loss.delta, error**2 / 2, loss.delta * error - loss.delta**2 / 2))


def _squared_logarithm(y: Array, p: Array, _: Any) -> Array:
    return np.asarray((np.log1p(np.maximum(y, EPSILON)) - np.log1p(np.maximum(p, EPSILON))) ** 2)


ELEMENTWISE: Mapping[str, Elementwise] = {
    "binary_crossentropy": _binary,
    "binary_focal_crossentropy": _binary_focal,
    "mean_squared_error": lambda y, p, _: (y - p) ** 2,
    "mean_absolute_error": lambda y, p, _: np.abs(y - p),
    "huber": _huber,
    "log_cosh": lambda y, p, _: np.logaddexp(y - p, p - y) - np.log(2),
    "mean_absolute_percentage_error": lambda y, p, _: 100 * np.abs(y - p) / np.maximum(np.abs(y), EPSILON),
    "mean_squared_logarithmic_error": _squared_logarithm,
    "poisson": lambda y, p, _: p - y * np.log(np.maximum(p, EPSILON)),
    "hinge": lambda y, p, _: np.maximum(0, 1 - (2 * y - 1) * p),
    "squared_hinge": lambda y, p, _: np.maximum(0, 1 - (2 * y - 1) * p) ** 2,
}
