"""The end of runs that train side by side: early stopping, and non-finite values."""

from typing import Any

import keras
import numpy as np
from keras import ops

from gradlab.spec import ExperimentSpec


class Patience:
    """For each seed, the best value of the monitored metric and a mark if the run has ended.

    Attributes:
        ended: (seeds,) Keras variable, 0 for seeds that continue.
        variables: Keras variables that hold this; they are part of a run's state.
    """

    def __init__(self, spec: ExperimentSpec, width: int) -> None:
        self._rule = spec.training.early_stopping
        self._column = spec.layout.metrics.index(self._rule.monitor) if self._rule else 0
        self.ended = _variable(np.zeros(width, np.int32))
        self._stopped = _variable(np.zeros(width, np.int32))
        self._best = _variable(np.full(width, np.inf, np.float32))
        self._waited = _variable(np.zeros(width, np.int32))
        self.variables = [self.ended, self._stopped, self._best, self._waited]

    def live(self) -> Any:
        """(seeds,) True for seeds that continue."""
        return ops.equal(self.ended, 0)

    def end(self) -> None:
        """Mark all seeds as ended."""
        self.ended.assign(ops.ones_like(self.ended))

    def stopped(self) -> Any:
        """(seeds,) True for seeds that early stopping has ended."""
        return ops.not_equal(self._stopped, 0)

    def update(self, row: Any, finite: Any, number: Any) -> None:
        """Mark the seeds for which this epoch was the last.

        Args:
            row: (seeds, metrics) the epoch's metrics.
            finite: (seeds,) False for seeds with a non-finite value.
            number: the epoch; epoch 0 does not count for early stopping.
        """
        live = self.live() & (number > 0)
        if self._rule:
            value = row[:, self._column] * (-1.0 if self._rule.larger_is_better else 1.0)
            better = value < self._best - self._rule.min_delta
            waited = ops.where(better, 0, self._waited + 1)
            self._waited.assign(ops.where(live, waited, self._waited))
            self._best.assign(ops.where(live & better, value, self._best))
            stop = live & (self._waited >= max(1, self._rule.patience))
            self._stopped.assign(ops.where(stop, 1, self._stopped))
            self.ended.assign(ops.where(stop, 1, self.ended))
        self.ended.assign(ops.where(finite, self.ended, 1))


def _variable(value: np.ndarray) -> keras.Variable:
    return keras.Variable(value, trainable=False, dtype=value.dtype.name)
