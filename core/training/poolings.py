"""Pooling over small windows as a chain of the positions in a window, which XLA fuses with what stands around it.

XLA for CPUs has no quick kernel for a window that slides, and for its gradient none at all: the largest of windows of
2 × 2 takes six times as long as TensorFlow's own, of overlapping windows of 3 × 3 twenty times.
"""

from collections.abc import Callable, Sequence
from functools import partial, reduce
from math import prod
from typing import Any

import tensorflow as tf

from core.training.network import BuiltLayer, Network
from core.training.sliding import Axis, axes_of, shifted

# Each position of a window is one more operation to compile; beyond, the layer stays as it is.
MAX_CHAINED_POSITIONS = 25

Pool = Callable[[Any, Sequence[Axis]], Any]


def chain_small_poolings(network: Network) -> None:
    """Let poolings over small windows compute position by position; results differ in last digits at most."""
    for layer in network.layers:
        pool = POOLS.get(layer.named.spec.kind)
        if pool and prod(layer.keras.pool_size) <= MAX_CHAINED_POSITIONS:
            layer.keras.call = partial(_call, pool, _axes(layer))


def _axes(layer: BuiltLayer) -> tuple[Axis, ...]:
    made = layer.keras
    return axes_of(layer.named.input_shape[:-1], made.pool_size, made.strides, made.padding)


def _call(pool: Pool, axes: Sequence[Axis], inputs: Any) -> Any:
    return pool(tf.convert_to_tensor(inputs), axes)


def largest(x: Any, axes: Sequence[Axis]) -> Any:
    """The largest of each window, (batch, *positions, channels) -> (batch, *places, channels); the first of equals."""
    return reduce(tf.maximum, shifted(x, axes, float("-inf")))


def average(x: Any, axes: Sequence[Axis]) -> Any:
    """The mean of each window, (batch, *positions, channels) -> (batch, *places, channels), of what is no filling."""
    total = reduce(tf.add, shifted(x, axes))
    if not any(sum(axis.filling) for axis in axes):
        return total / prod(axis.kernel for axis in axes)
    inside = tf.ones((1, *(axis.size for axis in axes), 1), x.dtype)
    return total / reduce(tf.add, shifted(inside, axes))


POOLS: dict[str, Pool] = {
    "max_pooling1d": largest,
    "max_pooling2d": largest,
    "average_pooling1d": average,
    "average_pooling2d": average,
}
