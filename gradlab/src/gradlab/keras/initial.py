"""The state before the first update: metrics and the gradient of the loss over the training samples, all at once."""

from typing import Any

import keras
import numpy as np
from keras import ops, tree

from gradlab.keras.arrays import array, precise
from gradlab.keras.backends import backend
from gradlab.keras.layer_taps import Flows, tapped
from gradlab.keras.probe import Loss, normalizations_of
from gradlab.keras.samples import Samples

# The samples of record 0, and the numbers of a batch of them: 16 MB of inputs at a time.
MAX_INITIAL_SAMPLES, MAX_NUMBERS = 4_096, 4_000_000


class InitialState:
    """Metrics and gradients of a model with its present weights, on samples that it does not train on meanwhile.

    Dropout is off, batch normalisations use the statistics of the samples; nothing is assigned.

    Args:
        model: a built Keras model.
        loss: the loss.
        has_metrics: True to compute the metrics that the model was compiled with.
    """

    def __init__(self, model: Any, loss: Loss, *, has_metrics: bool) -> None:
        self._model, self._loss, self._has_metrics = model, loss, has_metrics
        self._trainable = list(model.trainable_variables)
        self._state = list(model.non_trainable_variables)
        self._metrics = list(model.metrics_variables) if has_metrics else []
        self._normalizations = normalizations_of(model)
        self._run = backend.compiled(self._forward_and_backward)

    def measure(self, samples: Samples) -> tuple[dict[str, float], list[np.ndarray | None]]:
        """Return the metrics by their names in Keras's logs, and the gradient of each trainable tensor."""
        x, y = samples.first(MAX_INITIAL_SAMPLES)
        total = len(tree.flatten(x)[0])
        size = max(1, MAX_NUMBERS // max(1, sum(each[:1].size for each in tree.flatten(x))))
        metrics = [np.zeros(each.shape, each.dtype) for each in self._metrics]
        loss, gradients = 0.0, None
        logs: dict[str, Any] = {}
        for begin in range(0, total, size):
            part_x, part_y = (tree.map_structure(lambda each, b=begin: each[b : b + size], part) for part in (x, y))
            share = len(tree.flatten(part_x)[0]) / total
            own, logs, state, of_part = self._batch(part_x, part_y, metrics)
            metrics, loss = [array(each) for each in state], loss + share * own
            weighted = [None if each is None else share * precise(each) for each in of_part]
            gradients = weighted if gradients is None else _sum(gradients, weighted)
        named = {name: float(array(each)) for name, each in logs.items() if np.ndim(each) == 0}
        return named | {"loss": loss}, gradients or []

    def _batch(self, x: Any, y: Any, metrics: list[np.ndarray]) -> tuple[float, dict[str, Any], Any, Any]:
        tensors = [tree.map_structure(ops.convert_to_tensor, each) for each in (x, y)]
        values = [backend.values(self._trainable), backend.values(self._state), backend.constants(metrics)]
        loss, logs, state, gradients = self._run(*values, *tensors)
        return float(array(loss)), logs, state, gradients

    def _forward_and_backward(self, trainable: Any, state: Any, metrics: Any, x: Any, y: Any) -> Any:
        def forward(weights: list[Any]) -> tuple[Any, Any]:
            variables = [*self._trainable, *self._state, *self._metrics]
            mapping = list(zip(variables, [*weights, *state, *metrics], strict=True))
            with (
                tapped([], Flows({}), self._normalizations),
                keras.StatelessScope(mapping, collect_losses=True) as scope,
            ):
                prediction = self._model(x, training=False)
                loss = ops.cast(self._loss(x, y, prediction), "float32")
                logs = self._model.compute_metrics(x, y, prediction, None) if self._has_metrics else {}
                flat = {name: each for name, each in logs.items() if not isinstance(each, dict)}
                after = [scope.get_current_value(each) for each in self._metrics]
            return loss, (flat, [old if new is None else new for old, new in zip(metrics, after, strict=True)])

        loss, (logs, after), gradients = backend.value_and_gradients(forward, list(trainable))
        return loss, logs, after, [None if each is None else backend.dense(each) for each in gradients]


def _sum(one: list[np.ndarray | None], other: list[np.ndarray | None]) -> list[np.ndarray | None]:
    return [b if a is None else a if b is None else a + b for a, b in zip(one, other, strict=True)]
