"""Convolutions in forms for which XLA has fast kernels, also inside loops and branches.

XLA for CPUs calls its convolution library only if the axes are in one certain order. The two convolutions of a gradient
are reordered by XLA at the top level of a program alone. Inside a loop or a branch, where every update is, XLA compiles
them as plain nested loops, 20 to 200 times slower. This module writes the gradients in the library's order.
"""

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any

import tensorflow as tf
from keras import ops

from core.training.network import BuiltLayer, Network
from core.training.sliding import Axis, shifted

# With few input channels the library packs its input for longer than it multiplies. Its gradient of a kernel with
# strides multiplies the zeros in between. A single matrix product is then up to three times as fast, because XLA fuses
# it with its neighbours (docs/lab-notes/convolutions.md). Bounds: input channels, positions of the kernel (each needs a
# copy of the input), and numbers in all copies together (16 MB).
MAX_UNFOLDED_CHANNELS, MAX_UNFOLDED_POSITIONS, MAX_UNFOLDED_NUMBERS = 16, 25, 2**22

KINDS = ("conv1d", "conv2d")


def rewrite_convolutions(network: Network) -> None:
    """Replace the convolutions of a network by fast forms; results differ in the last digits at most."""
    for layer in network.layers:
        if layer.named.spec.kind in KINDS:
            layer.keras.call = partial(_call, layer.keras, _axes(layer))


def _axes(layer: BuiltLayer) -> tuple[Axis, ...]:
    keras_layer, sizes = layer.keras, layer.named.input_shape[:-1]
    ways = zip(sizes, keras_layer.kernel_size, keras_layer.strides, keras_layer.dilation_rate, strict=True)
    return tuple(Axis(*way, keras_layer.padding) for way in ways)


def _call(layer: Any, axes: Sequence[Axis], inputs: Any) -> Any:
    """Compute the same as `keras.layers.Conv1D.call` and `keras.layers.Conv2D.call`."""
    x = convolve(inputs, layer.kernel, axes)
    if layer.use_bias:
        x = ops.add(x, layer.bias)
    return x if layer.activation is None else layer.activation(x)


def convolve(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """Convolve over one axis or two: kernel ∗ x.

    Args:
        x: (batch, *positions, channels).
        kernel: (*kernel sizes, channels, filters).
        axes: how the kernel slides along each axis of positions.

    Returns:
        (batch, *places, filters).
    """
    x, kernel = tf.convert_to_tensor(x), tf.convert_to_tensor(kernel)
    if len(axes) == 1:
        return tf.squeeze(convolve(x[:, None], kernel[None], (Axis(1, 1), *axes)), 1)
    return (unfolded if unfolds(x.shape, axes) else ordered)(x, kernel, axes)


def unfolds(shape: Sequence[int | None], axes: Sequence[Axis]) -> bool:
    """Return True if the convolution of an input of this shape is faster as one matrix product."""
    batch, *_, channels = shape
    if batch is None or channels is None:
        return False
    positions = prod(axis.kernel for axis in axes)
    gains = channels <= MAX_UNFOLDED_CHANNELS or any(axis.stride > 1 for axis in axes)
    numbers = batch * prod(axis.places for axis in axes) * positions * channels
    return gains and positions <= MAX_UNFOLDED_POSITIONS and numbers <= MAX_UNFOLDED_NUMBERS


def unfolded(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """Convolve by one matrix product: shifted copies of the input, concatenated, times the kernel as a matrix."""
    copies = tf.concat(shifted(x, axes), axis=-1)
    width = copies.shape[-1]
    product = tf.matmul(tf.reshape(copies, (-1, width)), tf.reshape(kernel, (width, -1)))
    return tf.reshape(product, (-1, *(axis.places for axis in axes), kernel.shape[-1]))


def ordered(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """Convolve, with both gradients written as convolutions in the axis order of the library."""
    strides, dilations = [axis.stride for axis in axes], [axis.dilation for axis in axes]

    def forward(x: Any, kernel: Any) -> Any:
        def gradients(upstream: Any) -> tuple[Any, Any]:
            return _to_input(upstream, kernel, axes), _to_kernel(upstream, x, axes)

        zeros = [[0, 0], *(axis.filling for axis in axes), [0, 0]]
        return tf.nn.conv2d(x, kernel, strides, zeros, dilations=dilations), gradients

    return tf.custom_gradient(forward)(x, kernel)


def _to_input(upstream: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """Gradient with respect to the input: upstream gradient, spread by strides, convolved with the flipped kernel."""
    for number, axis in enumerate(axes, start=1):
        upstream = _spread(upstream, number, axis.stride)
    zeros = [[0, 0]]
    for axis in axes:
        before = axis.reach - 1 - axis.filling[0]
        zeros.append([before, axis.size + axis.reach - 1 - before - axis.extent])
    flipped = tf.transpose(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2])
    return tf.nn.conv2d(upstream, flipped, 1, [*zeros, [0, 0]], dilations=[axis.dilation for axis in axes])


def _to_kernel(upstream: Any, x: Any, axes: Sequence[Axis]) -> Any:
    """Gradient with respect to the kernel: input convolved with the upstream gradient, samples taken as channels."""
    zeros = []
    for axis in axes:
        before, behind = axis.filling[0], axis.span - axis.size - axis.filling[0]
        zeros.append([before, max(0, behind)])
    # Positions that the kernel never touches are dropped.
    x = x[:, *(slice(0, axis.span - axis.filling[0]) for axis in axes)]
    swapped, sliding = tf.transpose(x, [3, 1, 2, 0]), tf.transpose(upstream, [1, 2, 0, 3])
    strides, dilations = [axis.dilation for axis in axes], [axis.stride for axis in axes]
    gradient = tf.nn.conv2d(swapped, sliding, strides, [[0, 0], *zeros, [0, 0]], dilations=dilations)
    return tf.transpose(gradient, [1, 2, 0, 3])


def _spread(x: Any, axis: int, stride: int) -> Any:
    """Insert zeros between positions: (..., n, ...) -> (..., (n - 1) * stride + 1, ...)."""
    if stride == 1:
        return x
    size, *rest = x.shape[axis:]
    apart = tf.reshape(x, (-1, *x.shape[1:axis], size, 1, *rest))
    zeros = [[0, stride - 1 if i == axis + 1 else 0] for i in range(len(apart.shape))]
    whole = tf.reshape(tf.pad(apart, zeros), (-1, *x.shape[1:axis], size * stride, *rest))
    return whole[(slice(None),) * axis + (slice(0, (size - 1) * stride + 1),)]
