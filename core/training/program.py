"""Whole epochs of training as one program compiled by XLA.

Keras makes the network, the loss and the optimiser; the loop is ours. One call trains up to `capacity` epochs:
shuffled batches, gradients, their statistics, updates, validation. Nothing returns to Python in between, which is
where `model.fit` spends nearly all of its time on small networks.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from core.spec import ExperimentSpec
from core.training.measure import measure
from core.training.model import build_network, targets, variables_of

# Epochs per call at most: their sample orders are passed in, and should not take more than some megabytes.
MOST_EPOCHS, MOST_ORDER_ENTRIES = 512, 2_000_000


class Program:
    """The compiled training of one architecture: any seed, any initial weights, any samples of the same shapes.

    Attributes:
        network: the Keras network; its variables hold the run at hand.
        optimizer: the Keras optimiser, likewise.
        compiled: XLA compiled it; False once it has fallen back to a plain graph.
        capacity: the most epochs that one call can train.
    """

    def __init__(self, spec: ExperimentSpec) -> None:
        self.network = build_network(spec, seed=0)
        self.optimizer = spec.training.optimizer.build(keras)
        self.optimizer.build(self.network.trainable_variables)
        self.compiled = True
        samples = spec.dataset.train_count
        self.capacity = min(MOST_EPOCHS, max(1, MOST_ORDER_ENTRIES // samples))
        self._variables = variables_of(self.network, self.optimizer)
        self._fresh_slots = [variable.numpy() for variable in self.optimizer.variables]
        self._loss = keras.losses.get(spec.training.loss)
        self._correct = keras.metrics.categorical_accuracy if spec.one_hot else keras.metrics.binary_accuracy
        self._batch, self._samples = spec.training.batch_size, samples
        self._series_shape = (len(spec.layout.tensors), len(spec.layout.statistics))
        self._metric_count = len(spec.layout.metrics)
        # Our loops are written as tf.while_loop: looking for Python ones to convert would double the tracing time.
        self._run = tf.function(self._epochs, jit_compile=True, autograph=False)

    def begin(self, spec: ExperimentSpec, seed: int) -> None:
        """Put everything into the state before the first update of a run."""
        for variable, value in zip(self.network.variables, build_network(spec, seed).variables, strict=True):
            variable.assign(value)
        for variable, value in zip(self.optimizer.variables, self._fresh_slots, strict=True):
            variable.assign(value)
        self.optimizer.learning_rate.assign(spec.training.optimizer.learning_rate)

    def state(self) -> list[np.ndarray]:
        """Everything that training changes, in a fixed order."""
        return [variable.numpy() for variable in self._variables]

    def restore(self, state: list[np.ndarray]) -> None:
        """Go back to a `state`."""
        for variable, value in zip(self._variables, state, strict=True):
            variable.assign(value)

    def run(self, data: "Data", orders: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, bool]:
        """Train one epoch for each order of samples, and stop early after an epoch that left the finite numbers.

        An epoch leaves them when at its end a loss, a metric or a weight is NaN or infinite.

        Args:
            data: the samples.
            orders: one (samples,) permutation per epoch, at most `capacity` of them.

        Returns:
            (epochs, metrics) and (epochs, tensors, statistics) float32, for the epochs that were trained; and whether
            all is still finite.
        """
        padded = np.zeros((self.capacity, self._samples), np.int32)
        padded[: len(orders)] = orders
        arguments = (*data.arrays, tf.constant(padded), tf.constant(len(orders)))
        try:
            done, finite, metrics, series = self._run(*arguments)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
            if not self.compiled:
                raise
            # An operation without an XLA kernel is found out before anything runs, so nothing has changed yet.
            self.compiled, self._run = False, tf.function(self._epochs, autograph=False)
            done, finite, metrics, series = self._run(*arguments)
        count = int(done)
        return metrics.numpy()[:count], series.numpy()[:count], bool(finite)

    def _epochs(self, train_x, train_y, val_x, val_y, orders, count):
        """The traced loop over epochs; `count` is an argument, so that one program serves every chunk length."""
        series = tf.TensorArray(tf.float32, self.capacity, element_shape=self._series_shape)
        metrics = tf.TensorArray(tf.float32, self.capacity, element_shape=(self._metric_count,))

        def epoch(e, finite, metrics, series):
            x, y = tf.gather(train_x, orders[e]), tf.gather(train_y, orders[e])  # (samples, features), (samples, units)
            loss, hits, statistics = self._one_epoch(x, y)
            prediction = self.network(val_x, training=False)  # (validation, units)
            val_loss = ops.mean(self._loss(val_y, prediction))
            val_accuracy = ops.mean(self._correct(val_y, prediction))
            row = tf.stack([loss, hits, val_loss, val_accuracy])
            finite = tf.reduce_all(tf.math.is_finite(row))
            for variable in self.network.trainable_variables:
                finite &= tf.reduce_all(tf.math.is_finite(variable))
            return e + 1, finite, metrics.write(e, row), series.write(e, statistics)

        done, finite, metrics, series = tf.while_loop(
            lambda e, finite, *_: (e < count) & finite, epoch, (0, True, metrics, series)
        )
        return done, finite, metrics.stack(), series.stack()

    def _one_epoch(self, x, y):
        """Every sample once; the last batch may be smaller and then counts for less, as in Keras."""
        full = self._samples // self._batch

        def batch(b, *sums):
            begin = b * self._batch
            step = self._update(
                tf.slice(x, [begin, 0], [self._batch, x.shape[1]]), tf.slice(y, [begin, 0], [self._batch, y.shape[1]])
            )
            return b + 1, *(total + each for total, each in zip(sums, step, strict=True))

        sums = [0.0, 0.0, tf.zeros(self._series_shape)]
        if full:
            _, *sums = tf.while_loop(lambda b, *_: b < full, batch, (0, *sums))
        if full * self._batch < self._samples:
            step = self._update(x[full * self._batch :], y[full * self._batch :])
            sums = [total + each for total, each in zip(sums, step, strict=True)]
        loss, hits, statistics = sums
        return loss / self._samples, hits / self._samples, statistics / -(-self._samples // self._batch)

    def _update(self, x, y):
        """One batch: (sum of losses, correct predictions, (tensors, statistics) of its gradient)."""
        with tf.GradientTape() as tape:
            prediction = self.network(x, training=True)  # (batch, units)
            losses = self._loss(y, prediction)  # (batch,)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, self.network.trainable_variables)
        self.optimizer.apply(gradients, self.network.trainable_variables)
        return tf.reduce_sum(losses), tf.reduce_sum(self._correct(y, prediction)), measure(gradients)


class Data:
    """An experiment's samples as the program takes them."""

    def __init__(self, spec: ExperimentSpec) -> None:
        dataset = spec.dataset.load()
        arrays = (dataset.train_x, targets(spec, dataset.train_y), dataset.val_x, targets(spec, dataset.val_y))
        self.arrays = tuple(tf.constant(array) for array in arrays)
