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

    Args:
        stack: the networks.
        task: their loss and metrics.
        x, y: the samples, (samples, ...) each; tuples of them, where there are several.
        rows: samples of a piece.
    """
    samples = row_count(x)
    if rows >= samples:
        return task.evaluate(y, *stack.predict(x))

    def sums_of(x, y):
        prediction, penalty = stack.predict(x)
        return task.sums(y, prediction, task.losses(y, prediction, by_batch=True), penalty, None)

    def piece(number, sums):
        parts = tf.nest.map_structure(lambda each: _slice(each[None], number * rows, rows)[0], (x, y))
        return number + 1, sums + sums_of(*parts)

    first = sums_of(sliced(x, None, rows), sliced(y, None, rows))
    _, sums = tf.while_loop(lambda number, _: number < samples // rows, piece, (1, first))
    if rest := samples % rows:
        sums = sums + sums_of(sliced(x, -rest, None), sliced(y, -rest, None))
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
