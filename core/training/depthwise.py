"""Depthwise convolutions as sums of shifted inputs times weights, with both gradients in forms that XLA vectorises.

The convolution library of XLA for CPUs takes no groups: a depthwise convolution becomes plain nested loops, 500 times
slower than TensorFlow's own kernel. A sum of shifted inputs is one fused loop over contiguous channels. Its gradient as
TensorFlow derives it is slow twice: sums of padded arrays ask at every number whether it lies in the padding, and sums
over all positions are added number by number. Here the gradient by the input is again a sum of shifted inputs. The sums
over positions are sums of some samples, fused with their products, and then matrix products with ones
(docs/lab-notes/convolutions.md).
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import tensorflow as tf

from core.training.sliding import Axis, Part, interleaved, parted, shifted

# Rows of ones in the product that sums over positions. With one row XLA multiplies vector by matrix, up to ten times
# slower than its library multiplies matrices.
SUMMING_ROWS = 8
# Samples whose products are added before they are written to memory (measured: docs/lab-notes/convolutions.md).
MAX_FUSED_SAMPLES = 8


def depthwise(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """Convolve each channel with its own kernels.

    Args:
        x: (batch, *positions, channels).
        kernel: (*kernel sizes, channels, multiplier).
        axes: how the kernel slides along each axis of positions.

    Returns:
        (batch, *places, channels·multiplier), the outputs of a channel side by side.
    """
    x, kernel = tf.convert_to_tensor(x), tf.convert_to_tensor(kernel)
    *_, channels, multiplier = kernel.shape
    if multiplier > 1:
        x = tf.repeat(x, multiplier, axis=-1)
    return _each(x, tf.reshape(kernel, (-1, channels * multiplier)), axes)


def _each(x: Any, weights: Any, axes: Sequence[Axis]) -> Any:
    """Convolve each channel with one kernel: weights (positions of the kernel, channels)."""

    def forward(x: Any, weights: Any) -> Any:
        parts = shifted(x, axes)

        def gradients(upstream: Any) -> tuple[Any, Any]:
            return _to_input(upstream, weights, axes), _to_weights(upstream, parts)

        return _weighted(parts, weights), gradients

    return tf.custom_gradient(forward)(x, weights)


def _weighted(parts: Sequence[Any], weights: Any) -> Any:
    total = parts[0] * weights[0]
    for number, part in enumerate(parts[1:], start=1):
        total += part * weights[number]
    return total


def _to_input(upstream: Any, weights: Any, axes: Sequence[Axis]) -> Any:
    """Gradient with respect to the input: upstream gradient convolved with the flipped kernel, part by part."""
    channels = weights.shape[-1]
    kernel = tf.reshape(weights, (*(axis.kernel for axis in axes), channels))

    def added(places: Any, parts: Sequence[Part]) -> Any:
        part = parted(kernel, parts)
        x = places[:, *(slice(each.skipped, None) for each in parts)]
        x = tf.pad(x, [[0, 0], *(each.filling for each in parts), [0, 0]])
        ways = zip(axes, x.shape[1:-1], part.shape, strict=False)
        back = [Axis(size, positions, dilation=axis.dilation) for axis, size, positions in ways]
        return _weighted(shifted(x, back), tf.reverse(tf.reshape(part, (-1, channels)), [0]))

    return interleaved(added, upstream, axes)


def _to_weights(upstream: Any, parts: Sequence[Any]) -> Any:
    """Gradient with respect to the weights: for each position of the kernel a sum over samples and places."""
    batch, channels = upstream.shape[0], upstream.shape[-1]
    fused = next(count for count in range(MAX_FUSED_SAMPLES, 0, -1) if batch % count == 0)
    factors = tf.split(upstream, fused)
    sums = [tf.reshape(_summed(tf.split(part, fused), factors), (-1, channels)) for part in parts]
    ones = tf.ones((SUMMING_ROWS, sums[0].shape[0]), upstream.dtype)
    return tf.stack([tf.matmul(ones, each)[0] for each in sums])


def _summed(parts: Sequence[Any], factors: Sequence[Any]) -> Any:
    return reduce(tf.add, (part * factor for part, factor in zip(parts, factors, strict=True)))
