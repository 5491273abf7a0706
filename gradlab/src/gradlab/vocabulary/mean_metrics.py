"""Metrics that are a mean over the samples of a number of each sample.

y is the target, p the prediction. Formulas: Keras 3, https://keras.io/api/metrics/.
"""

import math
from abc import abstractmethod
from typing import Any

from gradlab.vocabulary.metric import Array, ErrorOfValues, Metric, is_yes_or_no
from gradlab.vocabulary.targets import Target

EPSILON = 1e-7  # Keras's: keeps logarithms and quotients finite


class MeanMetric(Metric):
    """A mean over samples and steps of `of_row`, which stands in place of Keras's function of the same name."""

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        return self.each(self.of_row(y, p, xp)[..., None], xp)

    @abstractmethod
    def of_row(self, y: Array, p: Array, xp: Any) -> Array:
        """Compute the number of each sample and step: (..., units) to (...)."""

    def shares(self, p: Array, xp: Any) -> Array:
        """Return probabilities of the classes, which add up to 1; those of logits by softmax."""
        if not self.threshold:
            p = xp.exp(p - xp.max(p, axis=-1)[..., None])
        return p / xp.sum(p, axis=-1)[..., None]


class OfOneOrLabels(MeanMetric):
    """A metric of one unit for two classes, or of a unit for each label."""

    range = "[0, ∞)"
    higher_is_better = False

    @classmethod
    def fits(cls, target: Target) -> bool:
        return is_yes_or_no(target)


class OfClasses(MeanMetric):
    """A metric of a unit for each class."""

    range = "[0, ∞)"
    higher_is_better = False

    @classmethod
    def fits(cls, target: Target) -> bool:
        return target.kind == "classes"


def _columns(y: Array, p: Array, xp: Any) -> tuple[Array, Array]:
    """Return one-hot rows and shares for two classes also where a single unit stands for both."""
    if y.shape[-1] > 1:
        return y, p
    return tuple(xp.concatenate([1 - each, each], axis=-1) for each in (y, p))


class BinaryCrossentropyMetric(OfOneOrLabels):
    """The cross-entropy of yes and no."""

    kind = "binary_crossentropy"
    formula = "mean of −y·log p − (1 − y)·log(1 − p); of two units of two classes that of both columns"

    def of_row(self, y: Array, p: Array, xp: Any) -> Array:
        p = xp.clip(self.chances(p, xp), EPSILON, 1 - EPSILON)
        return xp.mean(-y * xp.log(p) - (1 - y) * xp.log(1 - p), axis=-1)


class CategoricalCrossentropyMetric(OfClasses):
    """The cross-entropy of the classes."""

    kind = "categorical_crossentropy"
    formula = "mean of −Σₖ yₖ·log pₖ, p with a sum of 1; a single unit counts as p and 1 − p"

    def of_row(self, y: Array, p: Array, xp: Any) -> Array:
        if y.shape[-1] == 1:
            y, p = _columns(y, self.chances(p, xp), xp)
        else:
            p = self.shares(p, xp)
        return -xp.sum(y * xp.log(xp.clip(p, EPSILON, 1 - EPSILON)), axis=-1)


class KLDivergenceMetric(OfClasses):
    """The divergence of the predicted from the true probabilities."""

    kind = "kl_divergence"
    formula = "mean of Σₖ yₖ·log(yₖ/pₖ), both at least 1e−7; a single unit counts as p and 1 − p"

    def of_row(self, y: Array, p: Array, xp: Any) -> Array:
        if y.shape[-1] == 1:
            y, p = _columns(y, self.chances(p, xp), xp)
        y, p = xp.clip(y, EPSILON, 1.0), xp.clip(p, EPSILON, 1.0)
        return xp.sum(y * xp.log(y / p), axis=-1)


class HingeMetric(OfOneOrLabels):
    """Mean distance of scores from the right side of a margin."""

    kind = "hinge"
    formula = "mean of max(0, 1 − (2·y − 1)·p)"

    def of_row(self, y: Array, p: Array, xp: Any) -> Array:
        return xp.mean(xp.maximum(1 - (2 * y - 1) * p, 0.0), axis=-1)


class SquaredHingeMetric(OfOneOrLabels):
    """Mean squared distance of scores from the right side of a margin."""

    kind = "squared_hinge"
    formula = "mean of max(0, 1 − (2·y − 1)·p)²"

    def of_row(self, y: Array, p: Array, xp: Any) -> Array:
        return xp.mean(xp.square(xp.maximum(1 - (2 * y - 1) * p, 0.0)), axis=-1)


class CategoricalHingeMetric(OfClasses):
    """Mean distance by which the correct class's score misses a lead of 1 over the largest other one."""

    kind = "categorical_hinge"
    formula = "mean of max(0, 1 + maxₖ (1 − yₖ)·pₖ − Σₖ yₖ·pₖ)"

    def of_row(self, y: Array, p: Array, xp: Any) -> Array:
        y, p = _columns(y, p, xp)
        return xp.maximum(1 + xp.max((1 - y) * p, axis=-1) - xp.sum(y * p, axis=-1), 0.0)


class MeanAbsolutePercentageError(ErrorOfValues, MeanMetric):
    """Mean distance of the prediction from the target, in per cent of the target."""

    kind = "mean_absolute_percentage_error"
    formula = "mean of 100·|y − p|/max(|y|, 1e−7)"

    def of_row(self, y: Array, p: Array, xp: Any) -> Array:
        return xp.mean(100 * xp.abs(y - p) / xp.maximum(xp.abs(y), EPSILON), axis=-1)


class MeanSquaredLogarithmicError(ErrorOfValues, MeanMetric):
    """Mean squared distance of the logarithms of positive values."""

    kind = "mean_squared_logarithmic_error"
    formula = "mean of (log(1 + y) − log(1 + p))², y and p at least 1e−7"

    def of_row(self, y: Array, p: Array, xp: Any) -> Array:
        y, p = xp.maximum(y, EPSILON), xp.maximum(p, EPSILON)
        return xp.mean(xp.square(xp.log(1 + y) - xp.log(1 + p)), axis=-1)


class LogCoshError(ErrorOfValues, MeanMetric):
    """A mean distance that is squared near zero and absolute far from it."""

    kind = "log_cosh_error"
    formula = "mean of log cosh(p − y)"

    def of_row(self, y: Array, p: Array, xp: Any) -> Array:
        x = xp.abs(p - y)
        return xp.mean(x + xp.log(1 + xp.exp(-2 * x)) - math.log(2), axis=-1)


class PoissonMetric(ErrorOfValues, MeanMetric):
    """The loss of counts."""

    kind = "poisson"
    formula = "mean of p − y·log(p + 1e−7)"
    range = "(−∞, ∞)"

    def of_row(self, y: Array, p: Array, xp: Any) -> Array:
        return xp.mean(p - y * xp.log(p + EPSILON), axis=-1)


class CosineSimilarityMetric(ErrorOfValues, MeanMetric):
    """The cosine of the angle between target and prediction."""

    kind = "cosine_similarity"
    formula = "mean of Σ y·p/(|y|·|p|) over the values of a sample"
    range = "[−1, 1]"
    higher_is_better = True

    def of_row(self, y: Array, p: Array, xp: Any) -> Array:
        lengths = xp.maximum(xp.sum(xp.square(y), axis=-1) * xp.sum(xp.square(p), axis=-1), EPSILON**2)
        return xp.sum(y * p, axis=-1) / xp.sqrt(lengths)


MEAN_METRICS: tuple[type[Metric], ...] = (
    BinaryCrossentropyMetric, CategoricalCrossentropyMetric, KLDivergenceMetric, HingeMetric, SquaredHingeMetric,
    CategoricalHingeMetric, MeanAbsolutePercentageError, MeanSquaredLogarithmicError, LogCoshError, PoissonMetric,
    CosineSimilarityMetric,
)  # fmt: skip
