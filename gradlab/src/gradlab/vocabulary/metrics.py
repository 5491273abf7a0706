"""Registry of the metrics, with their formulas and ranges. Each equals Keras's metric of that name over an epoch.

A compiled program sums a metric batch by batch. Each sample contributes a few numbers, `sums`, and `finish` computes
the metric from their totals. Both take an array namespace (`numpy`, `keras.ops`). Targets have the encoding of
`gradlab.vocabulary.losses.encoding`. Axes before the batch, such as one of several networks side by side, are kept.
Means over time steps, labels and values have equal weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gradlab.vocabulary.targets import Target

Array = Any

# A share of a sum of squares in float32 below which a difference counts as rounding: about 8 times its precision.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Metric:
    """One metric for one form of target.

    Attributes:
        target: the form of the targets.
        threshold: the output above which a binary prediction is positive: 0.5 for probabilities, 0 for logits and
            scores (`gradlab.vocabulary.losses.LossFunction.threshold`).
        centre: a number near the mean of the targets for each value; see `R2Score`.
    """

    kind: ClassVar[str]
    formula: ClassVar[str]
    range: ClassVar[str]
    higher_is_better: ClassVar[bool]

    target: Target
    threshold: float = 0.5
    centre: tuple[float, ...] = ()

    @classmethod
    def fits(cls, target: Target) -> bool:
        """True if the metric is defined for `target`."""
        raise NotImplementedError

    @property
    def sum_count(self) -> int:
        """Number of sums that each sample contributes to."""
        return 1

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        """Compute each sample's contributions: (..., batch, sum_count).

        Args:
            y: targets, (..., batch, *steps, units).
            p: predictions, of the same shape.
            xp: the array namespace.
        """
        raise NotImplementedError

    def finish(self, sums: Array, count: Array, xp: Any) -> Array:
        """Compute the metric, (...), from the totals over all samples, (..., sum_count), and their number, (...)."""
        return sums[..., 0] / count

    def _inner_axes(self) -> tuple[int, ...]:
        """The axes of time steps and units."""
        return tuple(range(-len(self.target.steps) - 1, 0))

    def _each(self, x: Array, xp: Any) -> Array:
        """Mean over steps and units, as one column."""
        return xp.mean(x, axis=self._inner_axes())[..., None]

    def _hits(self, y: Array, p: Array, xp: Any) -> tuple[Array, Array]:
        """Return true and predicted positives as 1 and 0: (..., batch, *steps, labels) each.

        With one unit for each of two classes, class 1 is predicted if its output is the larger.
        """
        if self.target.kind == "classes" and y.shape[-1] == 2:
            return y[..., 1:], xp.where(p[..., 1:] > p[..., :1], 1.0, 0.0)
        return y, xp.where(p > self.threshold, 1.0, 0.0)

    def _total(self, x: Array, xp: Any) -> Array:
        """Sum over steps and units, as one column."""
        return xp.sum(x, axis=self._inner_axes())[..., None]


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
        return self._each(xp.where(right, 1.0, 0.0), xp)


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
        return self._each(xp.where(xp.isfinite(right), xp.where(larger < 5, 1.0, 0.0), 0.0), xp)


class _YesOrNo(Metric):
    """A metric of binary predictions, counted over all labels and time steps together."""

    range = "[0, 1]"
    higher_is_better = True

    @classmethod
    def fits(cls, target: Target) -> bool:
        return target.kind == "labels" or (target.kind == "classes" and target.count == 2)

    @property
    def sum_count(self) -> int:
        return 2

    def finish(self, sums: Array, count: Array, xp: Any) -> Array:
        return _share(sums[..., 0], sums[..., 1], xp)


def _share(part: Array, whole: Array, xp: Any) -> Array:
    """Quotient part/whole; 0 if whole is 0."""
    return xp.where(whole > 0, part / xp.where(whole > 0, whole, 1.0), 0.0)


class Precision(_YesOrNo):
    """Share of the positive predictions that are correct."""

    kind = "precision"
    formula = "TP/(TP + FP) of class 1, or over all labels; 0 if no prediction is positive"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        yes, predicted = self._hits(y, p, xp)
        return xp.concatenate([self._total(yes * predicted, xp), self._total(predicted, xp)], axis=-1)


class Recall(_YesOrNo):
    """Share of the positive samples that are predicted as positive."""

    kind = "recall"
    formula = "TP/(TP + FN) of class 1, or over all labels; 0 if no sample is positive"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        yes, predicted = self._hits(y, p, xp)
        return xp.concatenate([self._total(yes * predicted, xp), self._total(yes, xp)], axis=-1)


class F1Score(_YesOrNo):
    """Harmonic mean of precision and recall."""

    kind = "f1_score"
    formula = "2·TP/(2·TP + FP + FN) of class 1, or over all labels; 0 if no sample and no prediction is positive"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        yes, predicted = self._hits(y, p, xp)
        return xp.concatenate([self._total(2 * yes * predicted, xp), self._total(yes + predicted, xp)], axis=-1)


class _Error(Metric):
    """An error of real-valued predictions."""

    range = "[0, ∞)"
    higher_is_better = False

    @classmethod
    def fits(cls, target: Target) -> bool:
        return target.kind == "values"


class MeanAbsoluteError(_Error):
    """Mean distance of the prediction from the target."""

    kind = "mean_absolute_error"
    formula = "mean |y − p|"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        return self._each(xp.abs(y - p), xp)


class MeanSquaredError(_Error):
    """Mean squared distance of the prediction from the target."""

    kind = "mean_squared_error"
    formula = "mean (y − p)²"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        return self._each(xp.square(y - p), xp)


class RootMeanSquaredError(MeanSquaredError):
    """Root of the mean squared error: in the target's unit, with a higher weight of large errors."""

    kind = "root_mean_squared_error"
    formula = "√(mean (y − p)²)"

    def finish(self, sums: Array, count: Array, xp: Any) -> Array:
        return xp.sqrt(sums[..., 0] / count)


class R2Score(_Error):
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
        steps = self._inner_axes()[:-1]
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
    R2Score,
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
