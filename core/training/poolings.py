"""Pooling over small windows as a chain of elementwise operations, one for each position in the window.

XLA fuses such a chain with its neighbours. It has no fast kernel for pooling on CPUs, and none at all for the gradient:
maximum pooling takes six times as long as TensorFlow's own with windows of 2 × 2, twenty times with overlapping windows
of 3 × 3. The gradient of the chain, as TensorFlow derives it, is a sum of padded arrays, which asks at every number
whether it lies in the padding. Here each input position reads the windows that hold it: see the lab note on
convolutions.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial, reduce
from itertools import product
from math import prod
from typing import Any

import numpy as np
import tensorflow as tf

from core.training.network import BuiltLayer
from core.training.sliding import Axis, axes_of, shifted

# Each position of a window is one more operation to compile; layers with larger windows stay as they are.
MAX_CHAINED_POSITIONS = 25
# A position's number outside every window, and that of padding.
OUTSIDE, PADDING = -1, -2

Pool = Callable[[Any, Sequence[Axis]], Any]


def chain_small_poolings(layers: Iterable[BuiltLayer]) -> None:
    """Replace poolings over small windows by chains; results differ in the last digits at most."""
    for layer in layers:
        pool = POOLS.get(layer.named.spec.kind)
        if pool and _chained(layer.keras.pool_size) <= MAX_CHAINED_POSITIONS:
            layer.keras.call = partial(_call, pool, _axes(layer))


def _chained(window: Sequence[int]) -> int:
    """Return the number of positions in the longest chain of a pooling: see `pooled`."""
    return max(prod(window[-2:]), prod(window[:-2]))


def _axes(layer: BuiltLayer) -> tuple[Axis, ...]:
    keras_layer = layer.keras
    return axes_of(layer.named.input_shape[:-1], keras_layer.pool_size, keras_layer.strides, keras_layer.padding)


def _call(pool: Pool, axes: Sequence[Axis], inputs: Any) -> Any:
    return pooled(pool, tf.convert_to_tensor(inputs), axes)


def pooled(pool: Pool, x: Any, axes: Sequence[Axis]) -> Any:
    """Pool over one axis, two or three: (batch, *positions, channels) -> (batch, *places, channels).

    Volumes are pooled as images and then along their depth, which takes less work than windows of three axes. Of equal
    maxima the first stays the one that gets the gradient.
    """
    if len(axes) < 3:
        return pool(x, axes)
    depth, *image = axes
    images = pool(tf.reshape(x, (-1, *x.shape[2:])), image)
    sequences = tf.reshape(images, (-1, depth.size, prod(images.shape[1:])))
    return tf.reshape(pool(sequences, [depth]), (-1, depth.places, *images.shape[1:]))


def largest(x: Any, axes: Sequence[Axis]) -> Any:
    """Maximum of each window over one axis or two: (batch, *positions, channels) -> (batch, *places, channels).

    The gradient goes to the first of equal maxima.
    """

    def forward(x: Any) -> tuple[Any, Callable[[Any], Any]]:
        parts = shifted(x, axes, float("-inf"))
        best = reduce(tf.maximum, parts)

        def gradient(upstream: Any) -> Any:
            places = _first(parts, best)
            return _gathered(axes, upstream, lambda numbers, there: tf.equal(there(places, PADDING), numbers))

        return best, gradient

    return tf.custom_gradient(forward)(x)


def _first(parts: Sequence[Any], best: Any) -> Any:
    """Return the number of the window's first position that holds its maximum: int32."""
    places = tf.zeros_like(best, tf.int32) + (len(parts) - 1)
    for number in reversed(range(len(parts) - 1)):
        places = tf.where(tf.equal(parts[number], best), number, places)
    return places


def average(x: Any, axes: Sequence[Axis]) -> Any:
    """Mean of each window over one axis or two, without padding: see `largest` for the shapes."""
    counts: Any = float(prod(axis.kernel for axis in axes))
    if any(sum(axis.filling) for axis in axes):
        inside = np.ones((1, *(axis.size for axis in axes), 1), np.float32)
        counts = reduce(tf.add, shifted(tf.constant(inside), axes))

    def forward(x: Any) -> tuple[Any, Callable[[Any], Any]]:
        def gradient(upstream: Any) -> Any:
            return _gathered(axes, upstream / counts, lambda numbers, _: tf.constant(numbers >= 0))

        return reduce(tf.add, shifted(x, axes)) / counts, gradient

    return tf.custom_gradient(forward)(x)


def _gathered(axes: Sequence[Axis], upstream: Any, takes: Callable[[np.ndarray, Callable[..., Any]], Any]) -> Any:
    """Sum upstream gradients over the windows that hold an input position, where the position takes them.

    Positions are cut into blocks of one stride, and stand in two axes: the block and the position in it. A position of
    a block lies in the window that begins with the block, and in some before it. For each of these, every number is
    read from one place: no number asks where it is.

    Args:
        axes: how the window slides.
        upstream: (batch, *places, channels).
        takes: from the positions' numbers in the window, of the shape (1, 1, stride, 1, stride, ..., 1), and a function
            that brings an array of places to blocks, to truth values.
    """
    blocks = [-(-(axis.filling[0] + axis.size) // axis.stride) for axis in axes]
    reaches = [-(-axis.kernel // axis.stride) for axis in axes]
    total: Any = None
    for before in product(*map(range, reaches)):
        there = partial(_moved, axes, blocks, reaches, before)
        part = tf.where(takes(_numbers(axes, before), there), there(upstream, 0), tf.zeros((), upstream.dtype))
        total = part if total is None else total + part
    whole = (count * axis.stride for count, axis in zip(blocks, axes, strict=True))
    positions = tf.reshape(total, (-1, *whole, upstream.shape[-1]))
    return positions[:, *(slice(axis.filling[0], axis.filling[0] + axis.size) for axis in axes)]


def _moved(
    axes: Sequence[Axis], blocks: Sequence[int], reaches: Sequence[int], before: Sequence[int], x: Any, fill: int
) -> Any:
    """Return what the window so many strides before a block has: (batch, block, 1, block, 1, ..., channels)."""
    ends = [(reach - 1, count - axis.places) for axis, count, reach in zip(axes, blocks, reaches, strict=True)]
    if any(map(any, ends)):
        x = tf.pad(x, [[0, 0], *ends, [0, 0]], constant_values=fill)
    begins = [reach - 1 - back for reach, back in zip(reaches, before, strict=True)]
    x = x[:, *(slice(begin, begin + count) for begin, count in zip(begins, blocks, strict=True))]
    return tf.reshape(x, (-1, *(size for count in blocks for size in (count, 1)), x.shape[-1]))


def _numbers(axes: Sequence[Axis], before: Sequence[int]) -> np.ndarray:
    """Return the number that each position of a block has in a window so many strides before it; else `OUTSIDE`."""
    numbers = np.zeros((), np.int32)
    inside = np.ones((), bool)
    for axis, back in zip(axes, before, strict=True):
        offsets = np.arange(axis.stride) + back * axis.stride
        numbers = numbers[..., None] * axis.kernel + offsets
        inside = inside[..., None] & (offsets < axis.kernel)
    strides = [size for axis in axes for size in (1, axis.stride)]
    return np.where(inside, numbers, OUTSIDE).astype(np.int32).reshape(1, *strides, 1)


POOLS: dict[str, Pool] = {
    "max_pooling1d": largest,
    "max_pooling2d": largest,
    "max_pooling3d": largest,
    "average_pooling1d": average,
    "average_pooling2d": average,
    "average_pooling3d": average,
}
