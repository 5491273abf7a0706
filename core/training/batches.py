"""Batches of an epoch, inside a traced program."""

from typing import Any

import tensorflow as tf

from core.training.nests import row_count
from core.training.stack import Stack
from core.training.task import Task


class Batches:
    """Batches of an epoch's samples in its order, of all seeds.

    Args:
        arrays: training inputs and targets, (samples, ...) each; tuples of them, where there are several.
        order: (seeds, samples) the order of each seed's samples.
        at_once: True to copy all samples in their order first, which is faster; False to gather each batch.
    """

    def __init__(self, arrays: tuple[Any, ...], order: Any, *, at_once: bool) -> None:
        self._arrays, self._order = arrays, order
        self._ordered = gathered(arrays, order) if at_once else None

    def batch(self, begin: Any, size: int) -> tuple[Any, ...]:
        """Return inputs and targets of the samples from `begin` on: (seeds, size, ...) each."""
        if self._ordered is not None:
            return _slices(self._ordered, begin, size)
        return gathered(self._arrays, _slice(self._order, begin, size))


def evaluated(stack: Stack, task: Task, x: Any, y: Any, rows: int) -> Any:
    """Return loss and metrics over samples that all seeds share, (seeds, names), worked out in pieces.

    All pieces have one size, the last one filled up, so that the networks are traced and compiled once.

    Args:
        stack: the networks.
        task: their loss and metrics.
        x, y: the samples, (samples, ...) each; tuples of them, where there are several.
        rows: samples of a piece.
    """
    samples = row_count(x)
    if rows >= samples:
        return task.evaluate(y, *stack.predict(x))

    def piece(number, sums):
        places = number * rows + tf.range(rows)
        counts = tf.cast(places < samples, tf.float32) if samples % rows else None
        here, targets = gathered((x, y), tf.minimum(places, samples - 1))
        prediction, penalty = stack.predict(here)
        losses = task.losses(targets, prediction, counts, by_batch=True)
        return number + 1, sums + task.sums(targets, prediction, losses, penalty, counts)

    sums = tf.zeros((stack.width, task.sum_count))
    _, sums = tf.while_loop(lambda number, _: number * rows < samples, piece, (0, sums))
    return task.finish(sums)


def sliced(samples: Any, begin: int | None, end: int | None) -> Any:
    """Return the samples from `begin` to `end`, as a slice counts them."""
    return tf.nest.map_structure(lambda array: array[begin:end], samples)


def gathered(samples: Any, order: Any) -> Any:
    """Return the samples of these numbers: (samples, ...) -> (*order's shape, ...) each."""
    return tf.nest.map_structure(lambda array: tf.gather(array, order), samples)


def _slices(arrays: Any, begin: Any, size: int) -> Any:
    """Return `size` entries of the second axis of each array from `begin` on."""
    return tf.nest.map_structure(lambda array: _slice(array, begin, size), arrays)


def _slice(array: Any, begin: Any, size: int) -> Any:
    """Return `size` entries of the second axis from `begin` on."""
    start = [0, begin, *[0] * (len(array.shape) - 2)]
    return tf.slice(array, start, [array.shape[0], size, *array.shape[2:]])
