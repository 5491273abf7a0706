"""Sums over the entries of large tensors, in a form that XLA vectorises.

XLA adds a tensor's last axis number by number, each addition waiting for the one before: 1 to 2 ns a number. Slices
that are added to each other are one loop over vectors. A tensor is folded so twice, and only what is left is added in
order: 0.2 ns a number, and smaller rounding errors.
"""

from collections.abc import Callable
from functools import reduce
from typing import Any

import tensorflow as tf

from gradlab.keras.namespace import xp
from gradlab.measurement.statistics.histograms import EDGES, between

# Slices that are joined at a time, at most, and how often (measured: docs/lab-notes/engine.md).
MAX_SLICES, FOLDS = 8, 2


def sums(g: Any) -> tuple[Any, ...]:
    """Return Σg, Σ|g|, Σg², the number of zeros and max|g| of (seeds, tensors, n): (seeds, tensors) each."""
    return (
        _sum(g, lambda x: x),
        _sum(g, xp.abs),
        _sum(g, tf.square),
        _sum(g, lambda x: tf.cast(tf.equal(x, 0.0), tf.float32)),
        tf.reduce_max(_folded(g, xp.abs, tf.maximum), axis=-1),
    )


def counts(x: Any) -> Any:
    """Return the histogram of (seeds, tensors, n): (seeds, tensors, bins) float32; a NaN is in no bin."""
    reached = _sum(x[..., None, :], lambda part: tf.cast(part >= EDGES[:, None], tf.float32))
    return between(_sum(x, lambda part: tf.cast(tf.equal(part, part), tf.float32)), reached, xp)


def _sum(x: Any, of_each: Callable[[Any], Any]) -> Any:
    return tf.reduce_sum(_folded(x, of_each, tf.add), axis=-1)


def _folded(x: Any, of_each: Callable[[Any], Any], join: Callable[[Any, Any], Any]) -> Any:
    """Return partial results of the last axis: (..., n) -> (..., fewer).

    `of_each` is applied to the slices: applied to all of `x`, XLA would write its result to memory first.
    """
    x = reduce(join, map(of_each, _slices(x)))
    for _ in range(FOLDS - 1):
        x = reduce(join, _slices(x))
    return x


def _slices(x: Any) -> list[Any]:
    """Cut the last axis into as many equal parts as its length allows, at most `MAX_SLICES`."""
    n = x.shape[-1]
    size = n // max(count for count in range(1, MAX_SLICES + 1) if n % count == 0)
    return [x[..., begin : begin + size] for begin in range(0, n, size)]
