"""Shelf: the metrics, with their formulas and ranges; each as Keras's metric of that name says it over a whole epoch.

A metric is worked out in two halves, so that it can be gathered batch by batch in a compiled program: every sample
contributes a few numbers, `sums`; what is wanted follows from their totals, `finish`. Both are written against an array
namespace (`numpy`, `keras.ops`). Targets are encoded as
`gradlab.vocabulary.losses.encoding` says; axes before the batch, such as one for several networks side by side, are
left alone. Over time steps, labels and values, means are taken evenly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gradlab.vocabulary.targets import Target

Array = Any

# What sums of squares in float32 cannot tell from nothing.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Metric:
    """One metric for one kind of answer.

    Attributes:
        target: what is to be predicted.
        threshold: above which output a single unit, or a label's, says yes: 0.5 for probabilities, 0 for logits and
            scores (`gradlab.vocabulary.losses.LossFunction.threshold`).
        centre: for each value a number near the mean of its targets; see `R2Score`.
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
        """Whether it makes sense for `target`."""
        raise NotImplementedError

    @property
    def sum_count(self) -> int:
        """How many numbers a sample contributes."""
        return 1

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        """What each sample contributes: (..., batch, sum_count).

        Args:
            y: targets, (..., batch, *steps, units).
            p: predictions, likewise.
            xp: the array namespace.
        """
        raise NotImplementedError

    def finish(self, sums: Array, count: Array, xp: Any) -> Array:
        """The metric, (...), from the totals over all samples, (..., sum_count), and the number of samples, (...)."""
        return sums[..., 0] / count

    def _inner_axes(self) -> tuple[int, ...]:
        """The axes of time steps and units."""
        return tuple(range(-len(self.target.steps) - 1, 0))

    def _each(self, x: Array, xp: Any) -> Array:
        """The mean over steps and units, one column."""
        return xp.mean(x, axis=self._inner_axes())[..., None]

    def _hits(self, y: Array, p: Array, xp: Any) -> tuple[Array, Array]:
        """1 where yes is right and where yes is predicted, 0 elsewhere: (..., batch, *steps, labels) each.

        Of two units, one for each class, the second says yes where its output is the larger.
        """
        if self.target.kind == "classes" and y.shape[-1] == 2:
            return y[..., 1:], xp.where(p[..., 1:] > p[..., :1], 1.0, 0.0)
        return y, xp.where(p > self.threshold, 1.0, 0.0)

    def _total(self, x: Array, xp: Any) -> Array:
        """The sum over steps and units, one column."""
        return xp.sum(x, axis=self._inner_axes())[..., None]


class Accuracy(Metric):
    """How often the answer is right."""

    kind = "accuracy"
    formula = (
        "share of right answers: the largest of one unit per class; for a single unit and for labels, yes above 1/2, "
        "above 0 for logits and scores"
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
    """How often the right class is among the five that seem most likely."""

    kind = "top_5_accuracy"
    formula = "share of samples for which fewer than five classes have a larger output than the right one"
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
    """A metric of yes and no, all labels and time steps counted together."""

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
    """part/whole, 0 of nothing."""
    return xp.where(whole > 0, part / xp.where(whole > 0, whole, 1.0), 0.0)


class Precision(_YesOrNo):
    """How often yes is right where it is predicted."""

    kind = "precision"
    formula = "TP/(TP + FP) of class 1, or over all labels; 0 where nothing was called positive"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        yes, predicted = self._hits(y, p, xp)
        return xp.concatenate([self._total(yes * predicted, xp), self._total(predicted, xp)], axis=-1)


class Recall(_YesOrNo):
    """How often yes is predicted where it is right."""

    kind = "recall"
    formula = "TP/(TP + FN) of class 1, or over all labels; 0 where nothing is positive"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        yes, predicted = self._hits(y, p, xp)
        return xp.concatenate([self._total(yes * predicted, xp), self._total(yes, xp)], axis=-1)


class F1Score(_YesOrNo):
    """The harmonic mean of precision and recall."""

    kind = "f1_score"
    formula = "2·TP/(2·TP + FP + FN) of class 1, or over all labels; 0 where nothing is or was called positive"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        yes, predicted = self._hits(y, p, xp)
        return xp.concatenate([self._total(2 * yes * predicted, xp), self._total(yes + predicted, xp)], axis=-1)


class _Error(Metric):
    """A metric of real numbers."""

    range = "[0, ∞)"
    higher_is_better = False

    @classmethod
    def fits(cls, target: Target) -> bool:
        return target.kind == "values"


class MeanAbsoluteError(_Error):
    """How far off a value is on average."""

    kind = "mean_absolute_error"
    formula = "mean |y − p|"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        return self._each(xp.abs(y - p), xp)


class MeanSquaredError(_Error):
    """How far off a value is on average, squared."""

    kind = "mean_squared_error"
    formula = "mean (y − p)²"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        return self._each(xp.square(y - p), xp)


class RootMeanSquaredError(MeanSquaredError):
    """How far off a value is, in its own unit, large errors counting for more."""

    kind = "root_mean_squared_error"
    formula = "√(mean (y − p)²)"

    def finish(self, sums: Array, count: Array, xp: Any) -> Array:
        return xp.sqrt(sums[..., 0] / count)


class R2Score(_Error):
    """Which share of the targets' variance is explained.

    Three sums for each value: y − c, (y − c)² and (y − p)², over which the variance is Σ(y − c)² − (Σ(y − c))²/n for
    *any* constant c; in float32 it loses as many digits as (ȳ − c)²/variance has (Chan, Golub & LeVeque 1983). So
    `centre` is the mean of the training targets or something like it, and need not be exact. Left out it is 0, as in
    Keras, which is right for standardised targets.
    """

    kind = "r2_score"
    formula = (
        "1 − Σ(y − p)²/Σ(y − ȳ)², averaged over the values; of a constant value 1 where it is met exactly, else 0; −∞ "
        "where a prediction is infinite"
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
        of_constant = xp.where(residual > 0, 0.0, 1 - residual)  # a NaN stays one
        return xp.mean(xp.where(constant, of_constant, score), axis=-1)


METRICS: tuple[type[Metric], ...] = (
    Accuracy, TopFiveAccuracy, Precision, Recall, F1Score, MeanAbsoluteError, MeanSquaredError, RootMeanSquaredError,
    R2Score,
)  # fmt: skip

BY_KIND = {metric.kind: metric for metric in METRICS}


def fits(metric: str, target: Target) -> bool:
    """Whether there is a metric of that name, and it makes sense for `target`."""
    return metric in BY_KIND and BY_KIND[metric].fits(target)


def metrics_for(target: Target) -> tuple[str, ...]:
    """The names of the metrics that make sense for `target`."""
    return tuple(metric.kind for metric in METRICS if metric.fits(target))


def default_metrics(target: Target) -> tuple[str, ...]:
    """What is usual for `target`."""
    return ("mean_absolute_error", "r2_score") if target.kind == "values" else ("accuracy",)


def bind(
    names: Sequence[str], target: Target, *, threshold: float = 0.5, centre: Sequence[float] = ()
) -> tuple[Metric, ...]:
    """The metrics of these names for one kind of answer.

    Raises:
        KeyError: there is none of that name.
        ValueError: one does not make sense for `target`.
    """
    for name in names:
        if not BY_KIND[name].fits(target):
            raise ValueError(f"expected one of {', '.join(metrics_for(target))} for {target.kind}; received {name}")
    return tuple(BY_KIND[name](target, threshold, tuple(centre)) for name in names)
