"""One epoch of mini-batches: gradients, clipping, updates."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from core.plan.graphs import trains_plainly
from core.plan.widths import keeps_gradients
from core.training import folded
from core.training.batches import Batches
from core.training.clipping import clip
from core.training.measurers import IN_PROGRAM
from core.training.stack import Stack
from core.training.task import Task
from gradlab.keras import measure
from gradlab.keras.backends import backend
from gradlab.keras.namespace import xp
from gradlab.measurement.kinds import GRADIENT_HISTOGRAMS
from gradlab.measurement.statistics import GRADIENT_STATISTIC_NAMES, MEAN_GRADIENT_STATISTICS
from gradlab.spec import ExperimentSpec

L2 = GRADIENT_STATISTIC_NAMES.index("l2")


class Update:
    """The updates of an epoch, for all seeds of a stack at once.

    Attributes:
        optimizer: the Keras optimiser, without clipping.
        padded: number of samples in an epoch's permutation, padding included. The last batch is padded to full size,
            and its padding has no weight. Where samples of a batch influence each other, the last batch is not padded
            but traced as a step of its own.
        batches: mini-batches per epoch.
        kept: True if the gradients of an epoch are returned, (batches, seeds, numbers).
        measured: the series computed here instead, where gradients are too many to be kept: kind -> (tensors, columns).
        missing: (tensors,) True for tensors without a gradient; set when the program is traced.
    """

    def __init__(self, spec: ExperimentSpec, stack: Stack, task: Task) -> None:
        self._stack, self._task, self._rule = stack, task, spec.training.optimizer
        self.optimizer = self._rule.unclipped.build(keras)
        self.optimizer.build([stack.weights])
        self._constrained = any(variable.constraint is not None for variable in stack.network.trainable)
        samples, self._batch = spec.dataset.train_count, min(spec.training.batch_size, spec.dataset.train_count)
        self.batches = -(-samples // self._batch)
        self._rest = samples % self._batch
        self._filled = bool(self._rest) and not any(layer.spec.mixes_samples for layer in spec.layers)
        self.padded = self.batches * self._batch if self._filled else samples
        shapes = {series.kind: series.shape for series in spec.layout.series if series.kind in IN_PROGRAM}
        keeps = keeps_gradients(spec, stack.width)
        self.kept, self.measured = bool(shapes) and keeps, {} if keeps else shapes
        self._plainly = trains_plainly(spec)
        self._sums = backend.sums_of_large if self._plainly else folded.sums
        self._histograms_every = spec.record.every(GRADIENT_HISTOGRAMS.record)
        self._clips = any(
            limit is not None for limit in (self._rule.clipnorm, self._rule.clipvalue, self._rule.global_clipnorm)
        )
        self.missing: list[bool] = []

    def epoch(self, batches: Batches, number: Any) -> tuple[Any, Any, dict[str, Any]]:
        """Train one epoch on its batches.

        Returns:
            The sums for `Task.finish`, (seeds, sums); the gradients, (batches, seeds, numbers), or None; and the series
            of `measured`. These are ``gradients``, (seeds, tensors, statistics), each combined over the batches as the
            statistic defines; ``norms``, (seeds, 3), before clipping, after it, share of clipped batches;
            ``gradient_histograms``, (seeds, tensors, bins), as sums over the batches.
        """
        whole = self.batches if self._filled or not self._rest else self.batches - 1
        rows: Any = ()
        if self.kept:
            rows = tf.TensorArray(tf.float32, self.batches, element_shape=self._stack.weights.shape)

        def step(b, sums, rows):
            batch_x, batch_y = batches.batch(b * self._batch, self._batch)
            counts = ops.cast(ops.arange(self._batch) < self._real(b), "float32") if self._filled else None
            return self._step(b, sums, rows, batch_x, batch_y, counts, number)

        def last(b, sums, rows):
            rest_x, rest_y = batches.rest(whole * self._batch)
            return self._step(b, sums, rows, rest_x, rest_y, None, number)

        state = (0, self._nothing(), rows)
        if whole:
            state = tf.while_loop(lambda b, *_: b < whole, step, state)
        if whole < self.batches:
            state = tf.while_loop(lambda b, *_: b < self.batches, last, state)
        _, sums, rows = state
        if "gradients" in self.measured:
            union = self._tensors(ops.cast(sums.pop("seen"), "float32"))
            ends = measure.union_columns(union)
            sums["gradients"] = ops.stack([*(total / self.batches for total in sums["gradients"]), *ends], axis=-1)
            sums["norms"] = ops.stack(sums["norms"], axis=-1) / self.batches
        return sums.pop("task"), rows.stack() if self.kept else None, sums

    def _real(self, b: Any) -> Any:
        """Return the number of samples of batch `b`, without padding."""
        return ops.where(b == self.batches - 1, self._rest or self._batch, self._batch)

    def _nothing(self) -> dict[str, Any]:
        width = self._stack.width
        sums: dict[str, Any] = {"task": tf.zeros((width, self._task.sum_count))}
        if "gradients" in self.measured:
            tensors, _ = self.measured["gradients"]
            sums |= {"gradients": [tf.zeros((width, tensors))] * len(MEAN_GRADIENT_STATISTICS)}
            sums |= {"norms": [tf.zeros((width,))] * 3, "seen": tf.zeros(self._stack.weights.shape, tf.bool)}
        if "gradient_histograms" in self.measured:
            sums["gradient_histograms"] = tf.zeros((width, *self.measured["gradient_histograms"]))
        return sums

    def _step(self, b: Any, sums: Any, rows: Any, x: Any, y: Any, counts: Any, number: Any) -> tuple[Any, Any, Any]:
        """Make one update on a batch of each seed, (seeds, batch, ...) each; `counts`, (batch,), is 0 for padding."""
        row, measures = self._in_branch(lambda: self._gradients(x, y, counts), number)
        if self.kept:
            rows = rows.write(b, row)
        if self.measured:
            gradients = self._tensors(row)
            if "gradients" in self.measured:
                measures |= {"gradients": measure.gradient_columns(gradients, self._sums), "seen": measure.seen(row)}
            if "gradient_histograms" in self.measured:
                measures["gradient_histograms"] = self._histograms(gradients, number)
        self.apply(row, measures)
        return b + 1, tf.nest.map_structure(_added, sums, measures), rows

    def _tensors(self, row: Any) -> list[Any]:
        """Split a row of gradients, (seeds, numbers), by tensor; None for tensors without a gradient."""
        return [None if none else each for none, each in zip(self.missing, self._stack.split(row), strict=True)]

    def apply(self, row: Any, measures: dict[str, Any] | None = None) -> None:
        """Clip gradients and update the weights; tensors without a gradient stay unchanged.

        Args:
            row: (seeds, numbers) the gradients.
            measures: receives the norms under ``norms``, if gradients are measured here.
        """
        weights = self._stack.weights
        columns = measures.get("gradients") if measures else None
        if self._clips or columns:
            # What clips does not hang on what is recorded, so that recording changes no bit of a training.
            norms = measure.norms(self._stack.split(row)) if self._clips else self._lengths(columns)
            clipped = clip(row, norms, self._rule, self._stack.spread, xp)
            row = clipped.gradients
            if measures and columns:
                measures["norms"] = [clipped.before, clipped.after, clipped.changed]
        before = self._stack.values() if any(self.missing) else []
        self.optimizer.apply([row], [weights])
        if any(self.missing):
            after = zip(self.missing, before, self._stack.values(), strict=True)
            weights.assign(self._stack.join([old if none else new for none, old, new in after]))
        if self._constrained:
            weights.assign(self._stack.join(self._within_constraints()))

    def _lengths(self, columns: Any) -> Any:
        """(seeds, tensors) the norm of each tensor's gradient, from its statistics; 0 where it has none."""
        missing = np.array(self.missing)
        lengths = columns[L2]
        return ops.where(missing, np.float32(0.0), lengths) if missing.any() else lengths

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

    def _in_branch(self, compute: Callable[[], tuple[list[Any], Any]], number: Any) -> tuple[Any, dict[str, Any]]:
        """Return the result of `compute`, gradients as one row, computed in a branch of its own if XLA compiles it.

        The branch keeps XLA from fusing the update with the measurement of gradients. Such a fusion would change last
        digits of the training.
        """

        def whole():
            gradients, sums = compute()
            self.missing = [gradient is None for gradient in gradients]
            return self._stack.join(gradients), sums

        def nothing():
            return tf.zeros(self._stack.weights.shape), tf.zeros((self._stack.width, self._task.sum_count))

        # Always true, which XLA cannot prove.
        row, sums = whole() if self._plainly else tf.cond(number > 0, whole, nothing)
        return row, {"task": sums}

    def _histograms(self, gradients: Sequence[Any], number: Any) -> Any:
        def counted() -> Any:
            return measure.histograms(gradients, counts=folded.counts)

        if self._plainly:  # without XLA they take a third of the time of the gradients
            counted = tf.function(counted, jit_compile=True, autograph=False)
        if self._histograms_every == 1:
            return counted()
        due = number % self._histograms_every == 0
        shape = (self._stack.width, *self.measured["gradient_histograms"])
        return tf.cond(due, counted, lambda: tf.zeros(shape))


def _added(total: Any, each: Any) -> Any:
    """Add a batch's values to a total; truth values are combined by OR."""
    return total | each if total.dtype == tf.bool else total + each
