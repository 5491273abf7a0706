"""Metrics of predictions that are right or wrong, from counts over all samples."""

from typing import Any

import numpy as np

from gradlab.vocabulary.metric import Array, Metric, YesOrNo, share
from gradlab.vocabulary.targets import Target

AUC_THRESHOLDS = 200  # Keras's


class Precision(YesOrNo):
    """Share of the positive predictions that are correct."""

    kind = "precision"
    formula = "TP/(TP + FP) of class 1, or over all labels; 0 if no prediction is positive"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        yes, predicted = self.hits(y, p, xp)
        return xp.concatenate([self.total(yes * predicted, xp), self.total(predicted, xp)], axis=-1)


class Recall(YesOrNo):
    """Share of the positive samples that are predicted as positive."""

    kind = "recall"
    formula = "TP/(TP + FN) of class 1, or over all labels; 0 if no sample is positive"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        yes, predicted = self.hits(y, p, xp)
        return xp.concatenate([self.total(yes * predicted, xp), self.total(yes, xp)], axis=-1)


class F1Score(YesOrNo):
    """Harmonic mean of precision and recall."""

    kind = "f1_score"
    formula = "2·TP/(2·TP + FP + FN) of class 1, or over all labels; 0 if no sample and no prediction is positive"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        yes, predicted = self.hits(y, p, xp)
        return xp.concatenate([self.total(2 * yes * predicted, xp), self.total(yes + predicted, xp)], axis=-1)


class TruePositives(YesOrNo):
    """Number of positive samples that are predicted as positive."""

    kind = "true_positives"
    formula = "TP, counted over all labels and time steps"
    range = "[0, ∞)"

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        yes, predicted = self.hits(y, p, xp)
        return self.total(self.counted(yes, predicted), xp)

    @property
    def sum_count(self) -> int:
        return 1

    def finish(self, sums: Array, count: Array, xp: Any) -> Array:
        return sums[..., 0]

    def counted(self, yes: Array, predicted: Array) -> Array:
        """Return 1 for what is counted, of targets and predictions of 0 and 1."""
        return yes * predicted


class FalsePositives(TruePositives):
    """Number of negative samples that are predicted as positive."""

    kind = "false_positives"
    formula = "FP, counted over all labels and time steps"
    higher_is_better = False

    def counted(self, yes: Array, predicted: Array) -> Array:
        return (1 - yes) * predicted


class TrueNegatives(TruePositives):
    """Number of negative samples that are predicted as negative."""

    kind = "true_negatives"
    formula = "TN, counted over all labels and time steps"

    def counted(self, yes: Array, predicted: Array) -> Array:
        return (1 - yes) * (1 - predicted)


class FalseNegatives(TruePositives):
    """Number of positive samples that are predicted as negative."""

    kind = "false_negatives"
    formula = "FN, counted over all labels and time steps"
    higher_is_better = False

    def counted(self, yes: Array, predicted: Array) -> Array:
        return yes * (1 - predicted)


class BinaryIoU(YesOrNo):
    """Mean over yes and no of the overlap of targets and predictions, as a share of their union."""

    kind = "binary_io_u"
    formula = "(TP/(TP + FP + FN) + TN/(TN + FP + FN))/2; a class that neither target nor prediction has is left out"

    @property
    def sum_count(self) -> int:
        return 4

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        yes, predicted = self.hits(y, p, xp)
        columns = (yes * predicted, xp.maximum(yes, predicted), (1 - yes) * (1 - predicted), 1 - yes * predicted)
        return xp.concatenate([self.total(each, xp) for each in columns], axis=-1)

    def finish(self, sums: Array, count: Array, xp: Any) -> Array:
        return mean_overlap(sums[..., ::2], sums[..., 1::2], xp)


class OneHotMeanIoU(Metric):
    """Mean over the classes of the overlap of targets and predictions, as a share of their union."""

    kind = "one_hot_mean_io_u"
    formula = "mean over classes of TP/(TP + FP + FN); a class that neither target nor prediction has is left out"
    range = "[0, 1]"
    higher_is_better = True

    @classmethod
    def fits(cls, target: Target) -> bool:
        return target.kind == "classes" and target.count > 2

    @property
    def sum_count(self) -> int:
        return 2 * self.target.count

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        classes = np.arange(self.target.count)
        predicted = xp.where(xp.equal(xp.argmax(p, axis=-1)[..., None], classes), 1.0, 0.0)
        columns = xp.concatenate([y * predicted, xp.maximum(y, predicted)], axis=-1)
        steps = self.inner_axes()[:-1]
        return xp.sum(columns, axis=steps) if steps else columns

    def finish(self, sums: Array, count: Array, xp: Any) -> Array:
        return mean_overlap(sums[..., : self.target.count], sums[..., self.target.count :], xp)


def mean_overlap(both: Array, either: Array, xp: Any) -> Array:
    """Mean of both/either over the last axis, of those that are not 0."""
    present = xp.where(either > 0, 1.0, 0.0)
    return share(xp.sum(share(both, either, xp), axis=-1), xp.sum(present, axis=-1), xp)


class AUC(YesOrNo):
    """Area under the receiver operating characteristic: the chance that a positive has a larger output."""

    kind = "auc"
    formula = "area under the true over the false positive rate at 200 thresholds, by trapezoids; logits by sigmoid"

    @property
    def sum_count(self) -> int:
        return 2 * AUC_THRESHOLDS

    def sums(self, y: Array, p: Array, xp: Any) -> Array:
        if self.target.kind == "classes" and y.shape[-1] == 2:
            y, p = y[..., 1:], p[..., 1:]
        above = xp.where(
            self.chances(p, xp)[..., None] > _auc_thresholds(), 1.0, 0.0
        )  # (..., batch, *steps, labels, thresholds)
        columns = xp.concatenate([above * y[..., None], above * (1 - y[..., None])], axis=-1)
        return xp.sum(columns, axis=tuple(axis - 1 for axis in self.inner_axes()))

    def finish(self, sums: Array, count: Array, xp: Any) -> Array:
        true, false = sums[..., :AUC_THRESHOLDS], sums[..., AUC_THRESHOLDS:]
        true, false = share(true, true[..., :1], xp), share(false, false[..., :1], xp)
        widths, heights = false[..., :-1] - false[..., 1:], (true[..., :-1] + true[..., 1:]) / 2
        return xp.sum(widths * heights, axis=-1)


def _auc_thresholds() -> np.ndarray:
    """Keras's thresholds: evenly in [0, 1], the first just below 0 and the last just above 1."""
    thresholds = np.linspace(0, 1, AUC_THRESHOLDS)
    thresholds[[0, -1]] += -1e-7, 1e-7
    return thresholds.astype(np.float32)


# Beside precision, recall and f1_score, which the registry lists among the first.
COUNT_METRICS: tuple[type[Metric], ...] = (
    TruePositives, FalsePositives, TrueNegatives, FalseNegatives, BinaryIoU, OneHotMeanIoU, AUC,
)  # fmt: skip
