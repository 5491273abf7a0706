"""Pooling over small windows as a chain of elementwise operations, one for each position in the window.

XLA fuses such a chain with its neighbours. It has no fast kernel for pooling on CPUs, and none at all for the gradient:
maximum pooling takes six times as long as TensorFlow's own with windows of 2 × 2, twenty times with overlapping windows
of 3 × 3.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial, reduce
from math import prod
from typing import Any

import tensorflow as tf

from core.training.network import BuiltLayer
from core.training.sliding import Axis, axes_of, shifted

# Each position of a window is one more operation to compile; layers with larger windows stay as they are.
MAX_CHAINED_POSITIONS = 25

Pool = Callable[[Any, Sequence[Axis]], Any]


def chain_small_poolings(layers: Iterable[BuiltLayer]) -> None:
    """Replace poolings over small windows by chains; results differ in the last digits at most."""
    for layer in layers:
        pool = POOLS.get(layer.named.spec.kind)
        if pool and prod(layer.keras.pool_size) <= MAX_CHAINED_POSITIONS:
            layer.keras.call = partial(_call, pool, _axes(layer))


def _axes(layer: BuiltLayer) -> tuple[Axis, ...]:
    keras_layer = layer.keras
    return axes_of(layer.named.input_shape[:-1], keras_layer.pool_size, keras_layer.strides, keras_layer.padding)


def _call(pool: Pool, axes: Sequence[Axis], inputs: Any) -> Any:
    return pool(tf.convert_to_tensor(inputs), axes)


def largest(x: Any, axes: Sequence[Axis]) -> Any:
    """Maximum of each window: (batch, *positions, channels) -> (batch, *places, channels).

    The gradient goes to the first of equal maxima.
    """
    return reduce(tf.maximum, shifted(x, axes, float("-inf")))


def average(x: Any, axes: Sequence[Axis]) -> Any:
    """Mean of each window without padding: (batch, *positions, channels) -> (batch, *places, channels)."""
    total = reduce(tf.add, shifted(x, axes))
    if not any(sum(axis.filling) for axis in axes):
        return total / prod(axis.kernel for axis in axes)
    inside = tf.ones((1, *(axis.size for axis in axes), 1), x.dtype)
    return total / reduce(tf.add, shifted(inside, axes))


POOLS: dict[str, Pool] = {
    "max_pooling1d": largest,
    "max_pooling2d": largest,
    "max_pooling3d": largest,
    "average_pooling1d": average,
    "average_pooling2d": average,
    "average_pooling3d": average,
}
