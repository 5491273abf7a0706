"""Targets, loss and metrics of one output of a network, inside a traced program."""

from typing import Any

import keras
import numpy as np
from keras import ops

from core.plan.pieces import holds_class_numbers
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
        self._metrics = bind(output.metric_names, output.target, threshold=answer_threshold(spec, output))
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

    def sample_losses(self, y: Any, prediction: Any) -> Any:
        """Return each sample's loss, times its weight: (..., samples, *steps, units) -> (..., samples), the mean over
        steps."""
        losses = self._loss(self.targets(y, prediction), prediction)
        steps = len(self._target.steps)
        if self._weighted:
            losses = losses * y[..., -1]
        return ops.mean(losses, axis=tuple(range(-steps, 0))) if steps else losses

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
        return [metric.sums(targets, prediction, xp) for metric in self._metrics]

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
