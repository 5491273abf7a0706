"""Metric: a number of a whole epoch, as sums that samples contribute to.

A compiled program sums a metric batch by batch. Each sample contributes a few numbers, `sums`, and `finish` computes
the metric from their totals. Both take an array namespace (`numpy`, `keras.ops`). Targets have the encoding of
`gradlab.vocabulary.losses.encoding`. Axes before the batch, such as one of several networks side by side, are kept.
Means over time steps, labels and values have equal weights.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from gradlab.vocabulary.targets import Target

Array = Any


@dataclass(frozen=True)
class Metric(ABC):
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
    @abstractmethod
    def fits(cls, target: Target) -> bool:
        """True if the metric is defined for `target`."""

    @property
    def sum_count(self) -> int:
        """Number of sums that each sample contributes to."""
        return 1

    @abstractmethod
    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        """Compute each sample's contributions: (..., batch, sum_count).

        Args:
            y: targets, (..., batch, *steps, units).
            p: predictions, of the same shape.
            xp: the array namespace.
        """

    def finish(self, sums: Array, count: Array, xp: Any) -> Array:
        """Compute the metric, (...), from the totals over all samples, (..., sum_count), and their number, (...)."""
        return sums[..., 0] / count

    def inner_axes(self) -> tuple[int, ...]:
        """The axes of time steps and units."""
        return tuple(range(-len(self.target.steps) - 1, 0))

    def each(self, x: Array, xp: Any) -> Array:
        """Mean over steps and units, as one column."""
        return xp.mean(x, axis=self.inner_axes())[..., None]

    def chances(self, p: Array, xp: Any) -> Array:
        """Return probabilities from the output of single units; scores and logits, above 0 if positive, by sigmoid."""
        return p if self.threshold else 1 / (1 + xp.exp(-p))

    def hits(self, y: Array, p: Array, xp: Any) -> tuple[Array, Array]:
        """Return true and predicted positives as 1 and 0: (..., batch, *steps, labels) each.

        With one unit for each of two classes, class 1 is predicted if its output is the larger.
        """
        if self.target.kind == "classes" and y.shape[-1] == 2:
            return y[..., 1:], xp.where(p[..., 1:] > p[..., :1], 1.0, 0.0)
        return y, xp.where(p > self.threshold, 1.0, 0.0)

    def total(self, x: Array, xp: Any) -> Array:
        """Sum over steps and units, as one column."""
        return xp.sum(x, axis=self.inner_axes())[..., None]


class YesOrNo(Metric):
    """A metric of binary predictions, counted over all labels and time steps together."""

    range = "[0, 1]"
    higher_is_better = True

    @classmethod
    def fits(cls, target: Target) -> bool:
        return is_yes_or_no(target)

    @property
    def sum_count(self) -> int:
        return 2

    def finish(self, sums: Array, count: Array, xp: Any) -> Array:
        return share(sums[..., 0], sums[..., 1], xp)


def is_yes_or_no(target: Target) -> bool:
    """True if a prediction is one of two classes, or yes or no for each of several labels."""
    return target.kind == "labels" or (target.kind == "classes" and target.count == 2)


def share(part: Array, whole: Array, xp: Any) -> Array:
    """Quotient part/whole; 0 if whole is 0."""
    return xp.where(whole > 0, part / xp.where(whole > 0, whole, 1.0), 0.0)


class ErrorOfValues(Metric):
    """An error of real-valued predictions."""

    range = "[0, ∞)"
    higher_is_better = False

    @classmethod
    def fits(cls, target: Target) -> bool:
        return target.kind == "values"
