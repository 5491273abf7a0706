"""One epoch of mini-batches: gradients, clipping, updates."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from core.plan.graphs import trains_plainly
from core.plan.widths import batches_at_once, records_gradients
from core.training.batches import Batches
from core.training.clipping import clip
from core.training.stack import Stack
from core.training.task import Task
from gradlab.keras import measure
from gradlab.keras.namespace import xp
from gradlab.spec import ExperimentSpec


class Update:
    """The updates of an epoch, for all seeds of a stack at once.

    Attributes:
        optimizer: the Keras optimiser, without clipping.
        padded: number of samples in an epoch's permutation, padding included. The last batch is padded to full size by
            its own last sample, which has no weight there. Another one may have an infinite loss by now, and 0 times
            infinity is NaN. Where the last sample's own loss is infinite, weights become NaN in place of infinite, and
            the run ends in either case. Where samples of a batch influence each other, the last batch is not padded but
            traced as a step of its own.
        size: samples of a mini-batch.
        batches: mini-batches per epoch.
        at_once: mini-batches that one call of the program trains, at most.
        kept: True if the gradients are returned, (batches, seeds, numbers).
        missing: (tensors,) True for tensors without a gradient; set when the program is traced.
    """

    def __init__(self, spec: ExperimentSpec, stack: Stack, task: Task) -> None:
        self._stack, self._task, self._rule = stack, task, spec.training.optimizer
        self.optimizer = self._rule.unclipped.build(keras)
        self.optimizer.build([stack.weights])
        self._constrained = any(variable.constraint is not None for variable in stack.network.trainable)
        samples, self.size = spec.dataset.train_count, min(spec.training.batch_size, spec.dataset.train_count)
        self.batches, self.at_once = -(-samples // self.size), batches_at_once(spec, stack.width)
        self._rest = samples % self.size
        self._filled = bool(self._rest) and not any(layer.spec.mixes_samples for layer in spec.layers)
        self.padded = self.batches * self.size if self._filled else samples
        self.kept, self._plainly = records_gradients(spec), trains_plainly(spec)
        self._clips = any(
            limit is not None for limit in (self._rule.clipnorm, self._rule.clipvalue, self._rule.global_clipnorm)
        )
        self.missing: list[bool] = []

    def epoch(self, batches: Batches, number: Any, begin: Any, sums: Any) -> tuple[Any, Any]:
        """Train the batches of an epoch, `at_once` of them at most.

        Args:
            batches: those that are trained here.
            number: the epoch.
            begin: the number of the first of these batches, from 0 on.
            sums: (seeds, sums) the task's sums over the batches before.

        Returns:
            The sums with these batches added, for `Task.finish`; and the gradients, (`at_once`, seeds, numbers), zeros
            behind the epoch's last batch, or None.
        """
        whole = self.batches if self._filled or not self._rest else self.batches - 1
        rows: Any = ()
        if self.kept:
            rows = tf.TensorArray(tf.float32, self.at_once, element_shape=self._stack.weights.shape)
        is_whole = self.at_once == self.batches  # the loop's end is a constant then
        end = whole if is_whole else tf.minimum(whole - begin, self.at_once)

        # Batches are counted from `begin` on: XLA would compile a program anew for each number with which it slices.
        def step(b, sums, rows):
            batch_x, batch_y = batches.batch(b * self.size, self.size)
            counts = ops.cast(ops.arange(self.size) < self._real(begin + b), "float32") if self._filled else None
            return self._step(b, sums, rows, batch_x, batch_y, counts, number)

        def last(b, sums, rows):
            rest_x, rest_y = batches.batch(b * self.size, self._rest)
            return self._step(b, sums, rows, rest_x, rest_y, None, number)

        state = (0, sums, rows)
        if whole:
            state = tf.while_loop(lambda b, *_: b < end, step, state)
        if whole < self.batches:
            end = self.batches if is_whole else tf.minimum(self.batches - begin, self.at_once)
            state = tf.while_loop(lambda b, *_: b < end, last, state)
        _, sums, rows = state
        return sums, rows.stack() if self.kept else None

    def _real(self, b: Any) -> Any:
        """Return the number of samples of batch `b`, without padding."""
        return ops.where(b == self.batches - 1, self._rest or self.size, self.size)

    def _step(self, b: Any, sums: Any, rows: Any, x: Any, y: Any, counts: Any, number: Any) -> Any:
        """Make one update on a batch of each seed, (seeds, batch, ...) each; `counts`, (batch,), is 0 for padding."""
        row, of_batch = self._in_branch(lambda: self._gradients(x, y, counts), number)
        if self.kept:
            rows = rows.write(b, row)
        self.apply(row)
        return b + 1, sums + of_batch, rows

    def apply(self, row: Any) -> None:
        """Clip gradients and update the weights; tensors without a gradient stay unchanged.

        Args:
            row: (seeds, numbers) the gradients.
        """
        weights = self._stack.weights
        if self._clips:
            row = clip(row, measure.norms(self._stack.split(row)), self._rule, self._stack.spread, xp).gradients
        before = self._stack.values() if any(self.missing) else []
        self.optimizer.apply([row], [weights])
        if any(self.missing):
            after = zip(self.missing, before, self._stack.values(), strict=True)
            weights.assign(self._stack.join([old if none else new for none, old, new in after]))
        if self._constrained:
            weights.assign(self._stack.join(self._within_constraints()))

    def _within_constraints(self) -> list[Any]:
        """Return the trainable tensors after their constraints; networks with constraints train one at a time."""
        limits = [variable.constraint for variable in self._stack.network.trainable]
        return [
            value if limit is None else tf.expand_dims(limit(tf.squeeze(value, 0)), 0)
            for limit, value in zip(limits, self._stack.values(), strict=True)
        ]

    def _gradients(self, x: Any, y: Any, counts: Any) -> tuple[list[Any], Any]:
        """Return the gradient of each trainable tensor, None where it has none, and the task's sums over the batch."""
        values = self._stack.values()
        with tf.GradientTape() as tape:
            tape.watch(values)
            prediction, penalty = self._stack.train(values, x)
            losses = self._task.losses(y, prediction, counts)
            total = self._task.total(losses)  # (seeds, batch)
            mean = ops.mean(total, axis=1) if counts is None else ops.sum(total * counts, axis=1) / ops.sum(counts)
            loss = ops.sum(mean + penalty)
        gradients = [measure.dense(each) for each in tape.gradient(loss, values)]
        return gradients, self._task.sums(y, prediction, losses, penalty, counts)

    def _in_branch(self, compute: Callable[[], tuple[list[Any], Any]], number: Any) -> tuple[Any, Any]:
        """Return the result of `compute`, gradients as one row, computed in a branch of its own if XLA compiles it.

        The branch keeps XLA from fusing the update with the gradients that are kept. Such a fusion would change last
        digits of the training.
        """

        def whole():
            gradients, sums = compute()
            self.missing = [gradient is None for gradient in gradients]
            return self._stack.join(gradients), sums

        def nothing():
            return tf.zeros(self._stack.weights.shape), tf.zeros((self._stack.width, self._task.sum_count))

        # Always true, which XLA cannot prove.
        return whole() if self._plainly else tf.cond(number > 0, whole, nothing)
