"""Targets, loss and metrics of one output of a network, inside a traced program."""

from typing import Any

import keras
import numpy as np
from keras import ops

from core.plan.pieces import holds_class_numbers
from core.training.masked import MaskedMean, is_mean, masked_losses
from core.training.masks import mask_of
from gradlab.keras.namespace import xp
from gradlab.spec import ExperimentSpec
from gradlab.spec.ends import NetworkOutput
from gradlab.spec.output import answer_threshold
from gradlab.spec.weights import is_weighted
from gradlab.vocabulary.metrics import bind


class OutputTask:
    """The loss and the metrics of one output, for one network or for several side by side.

    Attributes:
        prefix: what stands before the names of its loss and its metrics.
        sum_count: number of sums that its metrics accumulate over an epoch.
    """

    def __init__(self, spec: ExperimentSpec, output: NetworkOutput) -> None:
        self.prefix = output.prefix
        self._one_hot, self._weighted = output.one_hot, is_weighted(spec)
        self._numbered = holds_class_numbers(spec, output)
        self._target, self._weight = output.target, output.weight
        self._loss = output.loss.build(keras)
        self._batch = spec.training.batch_size
        self._is_masked = output.mask is not None
        bound = bind(output.metric_names, output.target, threshold=answer_threshold(spec, output))
        self._metrics = [MaskedMean(metric) if self._is_masked and is_mean(metric) else metric for metric in bound]
        self.sum_count = sum(metric.sum_count for metric in self._metrics)

    def encoded(self, y: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """Encode targets for the loss, float32: (samples, *steps, units); classes one-hot, or as one 0 or 1.

        Many classes of many samples stay numbers, (samples, *steps, 1), and become one-hot batch by batch.
        Where samples have weights, the last column holds them: (samples, *steps, units + 1).
        """
        rows = self._encoded(y)
        if weights is None:
            return rows
        each = np.broadcast_to(weights.reshape(-1, *[1] * (rows.ndim - 1)), (*rows.shape[:-1], 1))
        return np.concatenate([rows, each], axis=-1)

    def _encoded(self, y: np.ndarray) -> np.ndarray:
        if self._target.kind != "classes":
            return y.astype(np.float32, copy=False)
        if self._one_hot and not self._numbered:
            return np.eye(self._target.count, dtype=np.float32)[y]
        return y.astype(np.float32)[..., None]

    def sample_losses(self, y: Any, prediction: Any, counts: Any = None, *, by_batch: bool = False) -> Any:
        """Return each sample's loss, times its weight: (..., samples, *steps, units) -> (..., samples), the mean over
        steps; where the prediction has a mask, as `masked_losses` counts them.

        Args:
            y: as `encoded` makes it.
            prediction: (..., samples, *steps, units).
            counts: (samples,) 1 for samples, 0 for padding; None if there is no padding.
            by_batch: True if the samples are those of several batches, one after another.
        """
        losses = self._loss(self.targets(y, prediction), prediction)
        if self._is_masked:
            return masked_losses(losses, self._mask(prediction), counts, self._batch if by_batch else None)
        steps = len(self._target.steps)
        if self._weighted:
            losses = losses * y[..., -1]
        return ops.mean(losses, axis=tuple(range(-steps, 0))) if steps else losses

    def _mask(self, prediction: Any) -> Any:
        """Return the mask of a prediction, (..., samples, steps). Raises ValueError if it has none."""
        mask = mask_of(prediction)
        if mask is None:
            raise ValueError("a prediction of masked time steps: expected a mask; received none")
        return mask

    def weighted(self, losses: Any) -> Any:
        """Return losses times the output's weight."""
        return losses if self._weight == 1 else losses * self._weight

    def targets(self, y: Any, prediction: Any) -> Any:
        """Return encoded targets as the loss takes them: one-hot, without weights, in the prediction's shape."""
        y = y[..., :-1] if self._weighted else y
        if self._numbered:
            y = ops.one_hot(ops.cast(y[..., 0], "int32"), self._target.count)
        return ops.broadcast_to(y, prediction.shape)

    def columns(self, targets: Any, prediction: Any) -> list[Any]:
        """Return what each sample contributes to each metric, (seeds, batch, sums) each.

        Args:
            targets: as `targets` returns them.
            prediction: (seeds, batch, *steps, units).
        """
        mask = self._mask(prediction) if self._is_masked else None
        return [
            metric.sums_of(targets, prediction, mask)
            if isinstance(metric, MaskedMean)
            else metric.sums(targets, prediction, xp)
            for metric in self._metrics
        ]

    def finish(self, sums: Any, begin: int, count: Any) -> dict[str, Any]:
        """Compute the metrics by name, (seeds,) each, from all sums of an epoch.

        Args:
            sums: (seeds, sums) the sums of all outputs.
            begin: the first of this output.
            count: (seeds,) number of samples.
        """
        finished = {}
        for metric in self._metrics:
            finished[f"{self.prefix}{metric.kind}"] = metric.finish(
                sums[:, begin : begin + metric.sum_count], count, xp
            )
            begin += metric.sum_count
        return finished
