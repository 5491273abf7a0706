"""Whole epochs of training as one program compiled by XLA.

Keras makes the network, the loss and the optimiser; the loop is ours. One call trains up to `capacity` epochs of all
seeds that stand side by side: shuffled batches, gradients, their statistics, updates, validation, a look through the
probe batch. Nothing returns to Python in between, which is where `model.fit` spends nearly all of its time on small
networks.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from core.spec import ExperimentSpec
from core.spec.side_by_side import MOST_CHUNK_EPOCHS, MOST_INITIAL_SAMPLES, MOST_ORDER_ENTRIES, MOST_SERIES_NUMBERS
from core.training.data import Data
from core.training.namespace import xp
from core.training.network import LayerValues, Network, flattened
from core.training.patience import Patience
from core.training.recorder import Recorder
from core.training.stack import Stack
from core.training.task import Task
from core.training.update import Update


@dataclass(frozen=True, eq=False)
class Trained:
    """What one call measured.

    Attributes:
        done: (seeds,) how many epochs each seed trained: fewer than asked for where it ended.
        finite: (seeds,) whether all was finite at the last one.
        stopped: (seeds,) whether early stopping ended it.
        metrics: (epochs, seeds, metrics) float32.
        series: kind -> (recorded epochs, seeds, tensors, columns) float32.
    """

    done: np.ndarray
    finite: np.ndarray
    stopped: np.ndarray
    metrics: np.ndarray
    series: dict[str, np.ndarray]


class Program:
    """The compiled training of one architecture: any seeds, any initial weights, any samples of the same shapes.

    Attributes:
        stack: the networks of the seeds that train side by side.
        compiled: XLA compiled it; False once it has fallen back to a plain graph.
        capacity: the most epochs that one call can train.
    """

    def __init__(self, spec: ExperimentSpec, width: int) -> None:
        self.stack = Stack(Network(spec, seed=0), width)
        self.compiled = True
        self._layout, self._task = spec.layout, Task(spec)
        self._update = Update(spec, self.stack, self._task)
        self._recorder = Recorder(spec.layout, self.stack, self._task)
        self._patience = Patience(spec, width)
        self._optimizer = self._update.optimizer
        self._variables = [
            *(variable for part in (self.stack.trainable, self.stack.state) for variable in part),
            *self._optimizer.variables,
            *self._patience.variables,
        ]
        self._fresh = [variable.numpy() for variable in self._variables]
        self.capacity = self._capacity(spec.dataset.train_count)
        # Our loops are written as tf.while_loop: looking for Python ones to convert would double the tracing time.
        self._run = tf.function(self._epochs, jit_compile=True, autograph=False)
        self._look = tf.function(self._initially, autograph=False)

    def _capacity(self, samples: int) -> int:
        numbers = sum(np.prod(series.shape) / series.every for series in self._layout.series)
        fits = (
            MOST_ORDER_ENTRIES // (samples * self.stack.width),
            int(MOST_SERIES_NUMBERS / (numbers * self.stack.width + 1)),
        )
        return max(1, min(MOST_CHUNK_EPOCHS, *fits))

    def begin(self, spec: ExperimentSpec, values: Sequence[list[LayerValues]]) -> None:
        """Put everything into the state before the first update of some runs, one for each place in the stack."""
        drawn = zip(*map(flattened, values), strict=True)
        weights = [np.stack(each) if self.stack.width > 1 else each[0] for each in drawn]
        self.restore([*weights, *self._fresh[len(weights) :]])
        rate = spec.training.optimizer.initial_learning_rate
        if rate is not None:  # a schedule is part of the program, a plain number is not
            self._optimizer.learning_rate.assign(rate)

    def live(self) -> np.ndarray:
        """(seeds,) which of the runs at hand have not ended."""
        return np.asarray(self._patience.live())

    def end(self) -> None:
        """Call the runs at hand ended."""
        self._patience.end()

    def state(self) -> list[np.ndarray]:
        """Everything that training changes, in a fixed order."""
        return [variable.numpy() for variable in self._variables]

    def of_seed(self, place: int) -> list[np.ndarray]:
        """Weights, other variables and the optimiser's, of one place of the stack alone."""
        variables = [*self.stack.trainable, *self.stack.state, *self._optimizer.variables]
        width = self.stack.width
        stacked = [width > 1 and variable.shape[:1] == (width,) for variable in variables]
        values = [variable.numpy() for variable in variables]
        return [value[place] if whole else value for value, whole in zip(values, stacked, strict=True)]

    def restore(self, state: list[np.ndarray]) -> None:
        """Go back to a `state`."""
        for variable, value in zip(self._variables, state, strict=True):
            variable.assign(value)

    def initially(self, data: Data) -> Trained:
        """Measure the state before the first update, epoch 0: the same program, without a single batch.

        What the batches would have told comes from a look at the training samples all at once.
        """
        nothing = np.zeros((1, self.stack.width, self._update.padded), np.int32)
        self._run.get_concrete_function(*self._arguments(data, nothing, 0))
        # XLA compiles without holding Python: the look is traced meanwhile.
        with ThreadPoolExecutor(1) as thread:
            tracing = thread.submit(self._look.get_concrete_function, *data.arrays[:2])
            trained = self.run(data, nothing, 0)
            tracing.result()
        training, norms, series = tf.nest.map_structure(lambda tensor: tensor.numpy(), self._look(*data.arrays[:2]))
        metrics = trained.metrics.copy()
        metrics[0, :, : training.shape[1]] = training
        for columns in norms:
            metrics[0, :, -columns.shape[1] :] = columns
        found = {kind: series[kind][None] if kind in series else values for kind, values in trained.series.items()}
        return replace(trained, metrics=metrics, series=found)

    def run(self, data: Data, orders: np.ndarray, first_epoch: int) -> Trained:
        """Train one epoch for each order of samples; a seed ends early when it leaves the finite numbers.

        An epoch leaves them when at its end a loss, a metric or a weight is NaN or infinite.

        Args:
            data: the samples.
            orders: (epochs, seeds, samples) int32 permutations, at most `capacity` epochs.
            first_epoch: the number of the first of these epochs; epoch 0 trains nothing.
        """
        arguments = self._arguments(data, orders, first_epoch)
        try:
            answer = self._run(*arguments)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
            if not self.compiled:
                raise
            # An operation without an XLA kernel is found out before anything runs, so nothing has changed yet.
            self.compiled, self._run = False, tf.function(self._epochs, autograph=False)
            answer = self._run(*arguments)
        done, finite, stopped, metrics, series = tf.nest.map_structure(lambda tensor: tensor.numpy(), answer)
        epochs = int(done.max(initial=0))
        last = first_epoch + epochs - 1
        rows = {kind: len(self._layout[kind].recorded(first_epoch, last)) for kind in series}
        found = {kind: values[: rows[kind]] for kind, values in series.items()}
        return Trained(done, finite, stopped, metrics[:epochs], found)

    def _arguments(self, data: Data, orders: np.ndarray, first_epoch: int) -> tuple[Any, ...]:
        """What the program takes: orders are filled up, so that one program serves every chunk length."""
        padded = np.zeros((self.capacity, self.stack.width, self._update.padded), np.int32)
        padded[: len(orders), :, : orders.shape[2]] = orders
        return (*data.arrays, tf.constant(padded), tf.constant(first_epoch), tf.constant(len(orders)))

    def _epochs(self, train_x, train_y, val_x, val_y, orders, first, count):
        """The traced loop over epochs; `count` is an argument, so that one program serves every chunk length."""
        width, patience = self.stack.width, self._patience
        metrics = tf.TensorArray(tf.float32, self.capacity, element_shape=(width, len(self._layout.metrics)))
        series = {
            each.kind: tf.TensorArray(tf.float32, self.capacity // each.every + 2, element_shape=(width, *each.shape))
            for each in self._layout.series
        }

        def epoch(e, done, finite, metrics, series):
            number, live = first + e, patience.live()
            before, kept = self.stack.values(), [tf.convert_to_tensor(each.value) for each in self._by_seed()]
            x, y = tf.gather(train_x, orders[e]), tf.gather(train_y, orders[e])  # (seeds, samples, ...)
            sums = self._update.epoch(x, y, number, self._recorder.histograms_due(number))
            for variable, value in zip(self._by_seed(), kept, strict=True):
                goes_on = ops.reshape(live, (width,) + (1,) * (len(variable.shape) - 1))
                variable.assign(ops.where(goes_on, variable, value))  # a seed that has ended stands still
            measured = self._recorder.series(number, sums, before, train_x, train_y)
            row = self._metrics(self._task.finish(sums["task"]), val_x, val_y, sums.get("norms"))
            finite = ops.where(live, self._all_finite(row), finite)
            patience.look(row, finite, number)
            series = {
                each.kind: series[each.kind].write(_row(each.every, first, number), measured[each.kind])
                for each in self._layout.series
            }
            return e + 1, done + ops.cast(live, "int32"), finite, metrics.write(e, row), series

        begin = (0, tf.zeros((width,), tf.int32), tf.ones((width,), tf.bool), metrics, series)
        _, done, finite, metrics, series = tf.while_loop(
            lambda e, *_: (e < count) & ops.any(patience.live()), epoch, begin
        )
        measured = {kind: values.stack() for kind, values in series.items()}
        return done, finite, patience.stopped(), metrics.stack(), measured

    def _initially(self, train_x, train_y):
        """Training metrics, gradient norms if they are recorded, and gradient series before the first update."""
        x, y = train_x[:MOST_INITIAL_SAMPLES], train_y[:MOST_INITIAL_SAMPLES]
        series, norms = self._recorder.gradients(x, y), []
        if "gradients" in series:
            norm = self._recorder.norm(series["gradients"])
            norms = [ops.stack([norm, norm, ops.zeros_like(norm)], axis=1)]
        return self._task.evaluate(y, *self.stack.predict(x)), norms, series

    def _metrics(self, training: Any, val_x: Any, val_y: Any, norms: Any) -> Any:
        """(seeds, metrics): the layout's row for an epoch."""
        validation = self._task.evaluate(val_y, *self.stack.predict(val_x))
        rate = ops.broadcast_to(ops.cast(self._optimizer.learning_rate, "float32"), (self.stack.width, 1))
        return ops.concatenate([training, validation, rate, *([] if norms is None else [norms])], axis=1)

    def _by_seed(self) -> list[Any]:
        """The variables with an axis of seeds; with one seed alone there is nobody to wait for."""
        if self.stack.width == 1:
            return []
        return [variable for variable in self._variables if variable.shape[:1] == (self.stack.width,)]

    def _all_finite(self, row: Any) -> Any:
        """(seeds,) whether losses, metrics and weights are finite."""
        finite = ops.all(xp.isfinite(row[:, : 2 * self._task.name_count]), axis=1)
        for value in self.stack.values():
            finite &= ops.all(xp.isfinite(ops.reshape(value, (self.stack.width, -1))), axis=1)
        return finite


def _row(every: int, first: Any, number: Any) -> Any:
    """Where an epoch's series go: behind what was recorded since `first`. What is not due, the next replaces."""
    return (number - 1) // every - (first - 1) // every if every > 1 else number - first
