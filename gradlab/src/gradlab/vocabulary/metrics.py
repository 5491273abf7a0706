"""Registry of the metrics, with their formulas and ranges. Each equals Keras's metric of that name over an epoch.

`gradlab.vocabulary.metric` tells how a metric is computed. The reference, reference/keras.md,
says which metrics of Keras are left out, and why.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradlab.vocabulary.count_metrics import COUNT_METRICS, F1Score, Precision, Recall
from gradlab.vocabulary.mean_metrics import MEAN_METRICS
from gradlab.vocabulary.metric import Array, ErrorOfValues, Metric
from gradlab.vocabulary.targets import Target

# A share of a sum of squares in float32 below which a difference counts as rounding: about 8 times its precision.
ROUNDING = 1e-6


class Accuracy(Metric):
    """Share of predictions that are correct."""

    kind = "accuracy"
    formula = (
        "share of correct predictions: the class of the largest output; for a single unit and for labels, positive "
        "above 1/2, or above 0 for logits and scores"
    )
    range = "[0, 1]"
    higher_is_better = True

    @classmethod
    def fits(cls, target: Target) -> bool:
        return target.kind != "values"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        if self.target.kind == "classes" and y.shape[-1] > 1:
            right = xp.equal(xp.argmax(y, axis=-1), xp.argmax(p, axis=-1))[..., None]
        else:
            right = xp.equal(y > 0.5, p > self.threshold)
        return self.each(xp.where(right, 1.0, 0.0), xp)


class TopFiveAccuracy(Metric):
    """Share of predictions with the correct class among the five of the largest outputs."""

    kind = "top_5_accuracy"
    formula = "share of samples for which fewer than five classes have a larger output than the correct one"
    range = "[0, 1]"
    higher_is_better = True

    @classmethod
    def fits(cls, target: Target) -> bool:
        return target.kind == "classes" and target.count > 5

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        right = xp.sum(xp.where(y > 0.5, p, 0.0), axis=-1)[..., None]  # (..., batch, *steps, 1)
        larger = xp.sum(xp.where(p > right, 1.0, 0.0), axis=-1)[..., None]
        return self.each(xp.where(xp.isfinite(right), xp.where(larger < 5, 1.0, 0.0), 0.0), xp)


class MeanAbsoluteError(ErrorOfValues):
    """Mean distance of the prediction from the target."""

    kind = "mean_absolute_error"
    formula = "mean |y − p|"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        return self.each(xp.abs(y - p), xp)


class MeanSquaredError(ErrorOfValues):
    """Mean squared distance of the prediction from the target."""

    kind = "mean_squared_error"
    formula = "mean (y − p)²"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        return self.each(xp.square(y - p), xp)


class RootMeanSquaredError(MeanSquaredError):
    """Root of the mean squared error: in the target's unit, with a higher weight of large errors."""

    kind = "root_mean_squared_error"
    formula = "√(mean (y − p)²)"

    def finish(self, sums: Array, count: Array, xp: Any) -> Array:
        return xp.sqrt(sums[..., 0] / count)


class R2Score(ErrorOfValues):
    """Share of the targets' variance that the predictions explain.

    Each value has three sums: y − c, (y − c)² and (y − p)². The variance times n is Σ(y − c)² − (Σ(y − c))²/n for any
    constant c. In float32 it loses as many digits as (ȳ − c)²/variance has (Chan, Golub & LeVeque 1983). `centre` is c,
    a number near the mean of the training targets. Its default is 0, as in Keras, which suits standardised targets.
    """

    kind = "r2_score"
    formula = (
        "1 − Σ(y − p)²/Σ(y − ȳ)², averaged over the values; for a constant target 1 if all predictions are exact, else "
        "0; −∞ if a prediction is infinite"
    )
    range = "(−∞, 1]"
    higher_is_better = True

    @property
    def sum_count(self) -> int:
        return 3 * self.target.count

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        moved = y - np.asarray(self.centre or 0.0, np.float32)
        columns = xp.concatenate([moved, xp.square(moved), xp.square(y - p)], axis=-1)
        steps = self.inner_axes()[:-1]
        return xp.mean(columns, axis=steps) if steps else columns

    def finish(self, sums: Array, count: Array, xp: Any) -> Array:
        n = self.target.count
        moved, squares, residual = (sums[..., begin : begin + n] for begin in (0, n, 2 * n))
        variance = squares - xp.square(moved) / count[..., None]
        constant = variance <= ROUNDING * squares
        score = 1 - residual / xp.where(constant, 1.0, variance)
        of_constant = xp.where(residual > 0, 0.0, 1 - residual)  # NaN stays NaN
        return xp.mean(xp.where(constant, of_constant, score), axis=-1)


METRICS: tuple[type[Metric], ...] = (
    Accuracy, TopFiveAccuracy, Precision, Recall, F1Score, MeanAbsoluteError, MeanSquaredError, RootMeanSquaredError,
    R2Score, *COUNT_METRICS, *MEAN_METRICS,
)  # fmt: skip

BY_KIND = {metric.kind: metric for metric in METRICS}


def fits(metric: str, target: Target) -> bool:
    """True if there is a metric of that name, and it is defined for `target`."""
    return metric in BY_KIND and BY_KIND[metric].fits(target)


def metrics_for(target: Target) -> tuple[str, ...]:
    """Return the names of the metrics that are defined for `target`."""
    return tuple(metric.kind for metric in METRICS if metric.fits(target))


def default_metrics(target: Target) -> tuple[str, ...]:
    """Return the names of the usual metrics for `target`."""
    return ("mean_absolute_error", "r2_score") if target.kind == "values" else ("accuracy",)


def bind(
    names: Sequence[str], target: Target, *, threshold: float = 0.5, centre: Sequence[float] = ()
) -> tuple[Metric, ...]:
    """Return the metrics of these names for one form of target.

    Raises:
        KeyError: there is no metric of a name.
        ValueError: a metric is not defined for `target`.
    """
    for name in names:
        if not BY_KIND[name].fits(target):
            raise ValueError(f"expected one of {', '.join(metrics_for(target))} for {target.kind}; received {name}")
    return tuple(BY_KIND[name](target, threshold, tuple(centre)) for name in names)
