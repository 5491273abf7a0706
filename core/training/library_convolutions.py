"""Convolutions by XLA's library for CPUs, with both gradients in the axis order that the library takes.

XLA calls its convolution library only if the axes are in one certain order. The two convolutions of a gradient are
reordered by XLA at the top level of a program alone. Inside a loop or a branch, where every update is, XLA compiles
them as plain nested loops, 20 to 200 times slower. This module writes them in the library's order, over two axes;
`core.training.convolutions` brings one axis and three to two.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from core.training.sliding import Axis, Part, interleaved, parted


def ordered(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """Convolve, with both gradients written as convolutions in the axis order of the library."""

    def forward(x: Any, kernel: Any) -> Any:
        def gradients(upstream: Any) -> tuple[Any, Any]:
            return _to_input(upstream, kernel, axes), _to_kernel(upstream, x, axes)

        return _forward(x, kernel, axes), gradients

    return tf.custom_gradient(forward)(x, kernel)


def transposed(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """Transposed convolution: the gradient of a convolution with respect to its input.

    Args:
        x: (batch, *places, channels).
        kernel: (*sizes, filters, channels).
        axes: how the kernel slides over the output's positions; its places are the input's positions.

    Returns:
        (batch, *positions, filters).
    """

    def forward(x: Any, kernel: Any) -> Any:
        def gradients(upstream: Any) -> tuple[Any, Any]:
            return _forward(upstream, kernel, axes), _to_kernel(x, upstream, axes)

        return _to_input(x, kernel, axes), gradients

    return tf.custom_gradient(forward)(x, kernel)


def _forward(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    strides, dilations = [axis.stride for axis in axes], [axis.dilation for axis in axes]
    zeros = [[0, 0], *(axis.filling for axis in axes), [0, 0]]
    return tf.nn.conv2d(x, kernel, strides, zeros, dilations=dilations)


def _to_input(upstream: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """Gradient with respect to the input: upstream gradient convolved with the flipped kernel.

    With strides, each position of a block takes the part of the kernel that reaches it. Zeros are multiplied only where
    these parts are many.
    """

    def convolved(places: Any, ways: Sequence[Part]) -> Any:
        turned = tf.transpose(tf.reverse(parted(kernel, ways), [0, 1]), [0, 1, 3, 2])
        x = places[:, *(slice(way.skipped, None) for way in ways)]
        zeros = [[0, 0], *(way.filling for way in ways), [0, 0]]
        return tf.nn.conv2d(x, turned, 1, zeros, dilations=[axis.dilation for axis in axes])

    return interleaved(convolved, upstream, axes)


def _to_kernel(upstream: Any, x: Any, axes: Sequence[Axis]) -> Any:
    """Gradient with respect to the kernel: input convolved with the upstream gradient, samples taken as channels."""
    zeros = [[0, 0], *(axis.filling for axis in axes), [0, 0]]
    # Positions that the kernel never touches are dropped.
    x = x[:, *(slice(0, axis.span - axis.filling[0]) for axis in axes)]
    swapped, sliding = tf.transpose(x, [3, 1, 2, 0]), tf.transpose(upstream, [1, 2, 0, 3])
    strides, dilations = [axis.dilation for axis in axes], [axis.stride for axis in axes]
    gradient = tf.nn.conv2d(swapped, sliding, strides, zeros, dilations=dilations)
    return tf.transpose(gradient, [1, 2, 0, 3])
