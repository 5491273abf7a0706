"""Losses and metrics of masked time steps, as Keras counts them.

Keras multiplies the losses of a batch by its mask and divides their sum by the number of steps that count. The loss of
an epoch is the mean of the batches' losses, by their numbers of samples. A metric that is a mean is one over the steps
that count in the whole epoch. Other metrics count every step, as in Keras, which does not pass them the mask.
"""

from dataclasses import replace
from typing import Any

from keras import ops

from gradlab.keras.namespace import xp
from gradlab.vocabulary.metric import Metric
from gradlab.vocabulary.targets import Target


def masked_losses(losses: Any, mask: Any, counts: Any, batch: int | None) -> Any:
    """Return each sample's loss, (..., samples). Their mean over a batch is its loss as Keras defines it.

    Args:
        losses: (..., samples, steps) the losses of the steps.
        mask: (..., samples, steps) True for steps that count.
        counts: (samples,) 1 for samples, 0 for padding; None if there is no padding.
        batch: number of samples of a batch, if these are several batches one after another; None if they are one.
    """
    weights = ops.cast(mask, losses.dtype)
    samples, steps = losses.shape[-2:]
    present = ops.ones((samples,), losses.dtype) if counts is None else ops.cast(counts, losses.dtype)
    weights = weights * present[:, None]
    valid = _of_batches(ops.sum(weights, axis=-1), samples, batch)
    scale = ops.divide_no_nan(_of_batches(present, samples, batch) * steps, valid)
    return ops.mean(losses * weights, axis=-1) * scale


def _of_batches(values: Any, samples: int, batch: int | None) -> Any:
    """Return for each sample the sum over its batch: (..., samples) -> (..., samples)."""
    if batch is None or batch >= samples:
        return ops.sum(values, axis=-1, keepdims=True) * ops.ones_like(values)
    count = -(-samples // batch)
    padded = ops.pad(values, [[0, 0]] * (len(values.shape) - 1) + [[0, count * batch - samples]])
    sums = ops.sum(ops.reshape(padded, (*values.shape[:-1], count, batch)), axis=-1)
    return ops.repeat(sums, batch, axis=-1)[..., :samples]


def is_mean(metric: Metric) -> bool:
    """True if a metric is a mean over samples and time steps, whose mask Keras applies."""
    return type(metric).finish is Metric.finish


class MaskedMean:
    """A metric as a mean over the time steps that count.

    Args:
        metric: the metric, over all time steps.
    """

    def __init__(self, metric: Metric) -> None:
        target = metric.target
        self._of_step = replace(metric, target=Target(target.kind, target.count))
        self.kind, self.sum_count = metric.kind, 2

    def sums_of(self, y: Any, p: Any, mask: Any) -> Any:
        """Return each sample's contributions, (..., samples, 2): of its steps that count, and their share.

        Args:
            y, p: targets and predictions, (..., samples, steps, units).
            mask: (..., samples, steps) True for steps that count.
        """
        weights = ops.cast(mask, p.dtype)[..., None]
        each = self._of_step.sums(y, p, xp)  # (..., samples, steps, 1)
        return ops.mean(ops.concatenate([each * weights, weights], axis=-1), axis=-2)

    def finish(self, sums: Any, count: Any, namespace: Any) -> Any:
        """Compute the metric from the totals over all samples, (..., 2)."""
        return ops.divide_no_nan(sums[..., 0], sums[..., 1])
