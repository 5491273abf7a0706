"""Targets, loss and metrics of an experiment, inside a traced program."""

from typing import Any

import keras
import numpy as np
from keras import ops

from core.plan.pieces import holds_class_numbers
from gradlab.keras.namespace import xp
from gradlab.spec import ExperimentSpec
from gradlab.spec.output import answer_threshold
from gradlab.spec.weights import is_weighted
from gradlab.vocabulary.metrics import bind


class Task:
    """The loss and the metrics of an experiment, for one network or for several side by side.

    Attributes:
        sum_count: number of sums that are accumulated over an epoch.
        name_count: number of results computed from them: the loss and the metrics.
    """

    def __init__(self, spec: ExperimentSpec) -> None:
        target = spec.dataset.target
        self._one_hot, self._weighted = spec.one_hot, is_weighted(spec)
        self._numbered = holds_class_numbers(spec)
        self._target = target
        self._loss = spec.only_output.loss.build(keras)
        self._metrics = bind(spec.metric_names, target, threshold=answer_threshold(spec))
        self.sum_count = 2 + sum(metric.sum_count for metric in self._metrics)
        self.name_count = 1 + len(self._metrics)

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

    def sample_losses(self, y: Any, prediction: Any) -> Any:
        """Return each sample's loss, times its weight: (..., samples, *steps, units) -> (..., samples), the mean over
        steps."""
        losses = self._loss(ops.broadcast_to(self._targets(y), prediction.shape), prediction)
        steps = len(self._target.steps)
        if self._weighted:
            losses = losses * y[..., -1]
        return ops.mean(losses, axis=tuple(range(-steps, 0))) if steps else losses

    def _targets(self, y: Any) -> Any:
        """Return encoded targets as the loss takes them: one-hot, and without the column of weights."""
        y = y[..., :-1] if self._weighted else y
        return ops.one_hot(ops.cast(y[..., 0], "int32"), self._target.count) if self._numbered else y

    def sums(self, y: Any, prediction: Any, losses: Any, penalty: Any, counts: Any) -> Any:
        """Return the sums of a batch: (seeds, sums).

        Args:
            y: (seeds, batch, *steps, units), as `encoded` makes it.
            prediction: (seeds, batch, *steps, units).
            losses: (seeds, batch).
            penalty: (seeds,) of the regularisers, added to each sample's loss.
            counts: (batch,) 1 for samples, 0 for padding; None if there is no padding.
        """
        y = ops.broadcast_to(self._targets(y), prediction.shape)
        # Each column is summed by itself: XLA would compute all of them for every entry of their concatenation.
        columns = [losses[..., None] + ops.reshape(penalty, (-1, 1, 1)), ops.ones_like(losses)[..., None]]
        columns += [metric.sums(y, prediction, xp) for metric in self._metrics]  # (seeds, batch, sums) each
        if counts is not None:
            columns = [values * counts[:, None] for values in columns]
        return ops.concatenate([ops.sum(values, axis=1) for values in columns], axis=-1)

    def finish(self, sums: Any) -> Any:
        """Compute the mean loss, then the metrics: (seeds, sums) -> (seeds, names)."""
        count = ops.maximum(sums[:, 1], 1.0)  # avoids a NaN for an epoch without samples
        names, begin = [sums[:, 0] / count], 2
        for metric in self._metrics:
            names.append(metric.finish(sums[:, begin : begin + metric.sum_count], count, xp))
            begin += metric.sum_count
        return ops.stack(names, axis=1)

    def evaluate(self, y: Any, prediction: Any, penalty: Any) -> Any:
        """Return loss and metrics over samples that all seeds share: (seeds, names)."""
        return self.finish(self.sums(y, prediction, self.sample_losses(y, prediction), penalty, None))
