"""One epoch of mini-batches: gradients, what is said about them, clipping, updates."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from core.spec import ExperimentSpec
from core.training import measure
from core.training.clipping import clip
from core.training.stack import Stack
from core.training.task import Task


class Update:
    """The updates of an epoch, for all seeds of a stack at once.

    Attributes:
        optimizer: the Keras optimiser, without clipping.
        padded: how many samples an epoch's order must have: the last batch is filled up, and counts by what it really
            has. Where samples of a batch influence each other, it is not filled but traced as a step of its own.
        batches: mini-batches per epoch.
    """

    def __init__(self, spec: ExperimentSpec, stack: Stack, task: Task) -> None:
        self._stack, self._task, self._rule = stack, task, spec.training.optimizer
        self.optimizer = self._rule.unclipped.build(keras)
        self.optimizer.build(stack.trainable)
        samples, self._batch = spec.dataset.train_count, min(spec.training.batch_size, spec.dataset.train_count)
        self.batches = -(-samples // self._batch)
        self._rest = samples % self._batch
        self._filled = bool(self._rest) and not any(layer.spec.mixes_samples for layer in spec.layers)
        self.padded = self.batches * self._batch if self._filled else samples
        self._recorded = {series.kind: series.shape for series in spec.layout.series}
        self._clips = any(
            limit is not None for limit in (self._rule.clipnorm, self._rule.clipvalue, self._rule.global_clipnorm)
        )

    def epoch(self, x: Any, y: Any, number: Any, histograms_due: Any) -> dict[str, Any]:
        """Train one epoch on the samples in the order given, (seeds, padded, ...); epoch 0 trains nothing.

        Returns:
            ``task``: (seeds, sums) as `Task.finish` takes them. Where gradients are recorded ``gradients``, (seeds,
            tensors, statistics), and ``norms``, (seeds, 3): before clipping, after it, share of batches that were
            clipped; where histograms are, ``gradient_histograms``, (seeds, tensors, bins). These are means over the
            batches, histograms sums.
        """
        whole = self.batches if self._filled or not self._rest else self.batches - 1

        def step(b, sums):
            batch_x, batch_y = (tf.slice(each, _start(each, b * self._batch), self._size(each)) for each in (x, y))
            counts = ops.cast(ops.arange(self._batch) < self._real(b), "float32") if self._filled else None
            return b + 1, _add(sums, self._step(batch_x, batch_y, counts, number > 0, histograms_due))

        def last(b, sums):
            begin = whole * self._batch
            return b + 1, _add(sums, self._step(x[:, begin:], y[:, begin:], None, number > 0, histograms_due))

        sums, end = self._nothing(), ops.where(number > 0, self.batches, 0)
        if whole:
            _, sums = tf.while_loop(lambda b, _: b < ops.minimum(end, whole), step, (0, sums))
        if whole < self.batches:
            _, sums = tf.while_loop(lambda b, _: b < end, last, (whole, sums))
        return {name: total / self.batches if name in ("gradients", "norms") else total for name, total in sums.items()}

    def _real(self, b: Any) -> Any:
        """How many samples of a batch are no filling."""
        return ops.where(b == self.batches - 1, self._rest or self._batch, self._batch)

    def _size(self, array: Any) -> list[int]:
        return [self._stack.width, self._batch, *array.shape[2:]]

    def _nothing(self) -> dict[str, Any]:
        width = self._stack.width
        sums = {"task": tf.zeros((width, self._task.sum_count))}
        if "gradients" in self._recorded:
            sums |= {"gradients": tf.zeros((width, *self._recorded["gradients"])), "norms": tf.zeros((width, 3))}
        if "gradient_histograms" in self._recorded:
            sums["gradient_histograms"] = tf.zeros((width, *self._recorded["gradient_histograms"]))
        return sums

    def _step(self, x: Any, y: Any, counts: Any, always: Any, histograms_due: Any) -> dict[str, Any]:
        """One update on a batch of each seed, (seeds, batch, ...); `counts` is 0 for samples that only fill it up."""
        gradients, sums = self._apart(lambda: self._gradients(x, y, counts), always)
        by_seed = [self._stack.by_seed(gradient) for gradient in gradients]
        found = {"task": sums}
        if "gradients" in self._recorded:
            found["gradients"] = measure.gradients(by_seed)
        if "gradient_histograms" in self._recorded:
            found["gradient_histograms"] = self._histograms(by_seed, histograms_due)
        if self._clips or "gradients" in self._recorded:
            clipped = clip(by_seed, measure.norms(by_seed), self._rule)
            by_seed = clipped.gradients
            if "gradients" in found:
                found["norms"] = ops.stack([clipped.before, clipped.after, clipped.changed], axis=1)
        self.optimizer.apply(
            [self._stack.of_variable(gradient) for gradient in by_seed],
            self._stack.trainable,
        )
        return found

    def _gradients(self, x: Any, y: Any, counts: Any) -> tuple[list[Any], Any]:
        """The gradient of each trainable variable, None where it has none, and the task's sums over the batch."""
        with tf.GradientTape() as tape:
            prediction, penalty = self._stack.train(x)
            losses = self._task.sample_losses(y, prediction)  # (seeds, batch)
            mean = ops.mean(losses, axis=1) if counts is None else ops.sum(losses * counts, axis=1) / ops.sum(counts)
            total = ops.sum(mean + penalty)
        gradients = [measure.dense(each) for each in tape.gradient(total, self._stack.trainable)]
        return gradients, self._task.sums(y, prediction, losses, penalty, counts)

    def _apart(self, compute: Callable[[], tuple[list[Any], Any]], always: Any) -> tuple[list[Any], Any]:
        """What `compute` answers, in a branch of its own, so that nothing outside changes how XLA computes it.

        Otherwise measuring gradients would let XLA put the training's operations together otherwise, and change last
        digits.
        """
        missing: list[bool] = []

        def whole():
            gradients, sums = compute()
            missing[:] = [gradient is None for gradient in gradients]
            return [gradient for gradient in gradients if gradient is not None], sums

        def nothing():
            shapes = [variable.shape for variable, none in zip(self._stack.trainable, missing, strict=True) if not none]
            return [tf.zeros(shape) for shape in shapes], tf.zeros((self._stack.width, self._task.sum_count))

        found, sums = tf.cond(always, whole, nothing)
        there = iter(found)
        return [None if none else next(there) for none in missing], sums

    def _histograms(self, gradients: list[Any], due: Any) -> Any:
        if isinstance(due, bool):
            return measure.histograms(gradients)
        shape = (self._stack.width, *self._recorded["gradient_histograms"])
        return tf.cond(due, lambda: measure.histograms(gradients), lambda: tf.zeros(shape))


def _start(array: Any, begin: Any) -> list[Any]:
    return [0, begin, *[0] * (len(array.shape) - 2)]


def _add(sums: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return {name: total + more[name] for name, total in sums.items()}
