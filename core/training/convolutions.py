"""Convolutions in the forms for which XLA has fast kernels wherever they stand in a program.

XLA for CPUs hands a convolution to a library only where its axes are in one certain order. It brings the two of a
gradient into that order in a program's outermost computation alone: in a loop or a branch, where every update stands,
they are compiled as plain nested loops, 20 to 200 times slower. Here the gradients are written in that order.
"""

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any

import tensorflow as tf
from keras import ops

from core.training.network import BuiltLayer, Network
from core.training.sliding import Axis, shifted

# Few input channels make the library pack for longer than it multiplies, and its gradient of a kernel with strides
# multiplies the zeros in between: one product of matrices, which XLA fuses with what stands around it, is then up to
# three times as fast (docs/lab-notes.md). So many channels, so many positions of the kernel, each a copy of what comes
# in, and so many numbers in all copies, 16 MB, at most.
MAX_UNFOLDED_CHANNELS, MAX_UNFOLDED_POSITIONS, MAX_UNFOLDED_NUMBERS = 16, 25, 2**22

KINDS = ("conv1d", "conv2d")


def rewrite_convolutions(network: Network) -> None:
    """Let a network's convolutions compute in fast forms from now on; results differ in last digits at most."""
    for layer in network.layers:
        if layer.named.spec.kind in KINDS:
            layer.keras.call = partial(_call, layer.keras, _axes(layer))


def _axes(layer: BuiltLayer) -> tuple[Axis, ...]:
    made, sizes = layer.keras, layer.named.input_shape[:-1]
    ways = zip(sizes, made.kernel_size, made.strides, made.dilation_rate, strict=True)
    return tuple(Axis(*way, made.padding) for way in ways)


def _call(layer: Any, axes: Sequence[Axis], inputs: Any) -> Any:
    """What `keras.layers.Conv1D.call` and `keras.layers.Conv2D.call` compute."""
    x = convolve(inputs, layer.kernel, axes)
    if layer.use_bias:
        x = ops.add(x, layer.bias)
    return x if layer.activation is None else layer.activation(x)


def convolve(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """kernel ∗ x, over one axis or two.

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
    """Whether the convolution of an input of this shape is faster as one product."""
    batch, *_, channels = shape
    if batch is None or channels is None:
        return False
    positions = prod(axis.kernel for axis in axes)
    gains = channels <= MAX_UNFOLDED_CHANNELS or any(axis.stride > 1 for axis in axes)
    numbers = batch * prod(axis.places for axis in axes) * positions * channels
    return gains and positions <= MAX_UNFOLDED_POSITIONS and numbers <= MAX_UNFOLDED_NUMBERS


def unfolded(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """The convolution as one product: shifted copies of what comes in, side by side, times the kernel as a matrix."""
    copies = tf.concat(shifted(x, axes), axis=-1)
    width = copies.shape[-1]
    product = tf.matmul(tf.reshape(copies, (-1, width)), tf.reshape(kernel, (width, -1)))
    return tf.reshape(product, (-1, *(axis.places for axis in axes), kernel.shape[-1]))


def ordered(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """The convolution with both gradients as convolutions in the order that the library takes."""
    strides, dilations = [axis.stride for axis in axes], [axis.dilation for axis in axes]

    def forward(x: Any, kernel: Any) -> Any:
        def gradients(upstream: Any) -> tuple[Any, Any]:
            return _to_input(upstream, kernel, axes), _to_kernel(upstream, x, axes)

        zeros = [[0, 0], *(axis.filling for axis in axes), [0, 0]]
        return tf.nn.conv2d(x, kernel, strides, zeros, dilations=dilations), gradients

    return tf.custom_gradient(forward)(x, kernel)


def _to_input(upstream: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """The gradient by the input: the upstream gradient, strides filled with zeros, convolved with the turned kernel."""
    for number, axis in enumerate(axes, start=1):
        upstream = _spread(upstream, number, axis.stride)
    zeros = [[0, 0]]
    for axis in axes:
        before = axis.reach - 1 - axis.filling[0]
        zeros.append([before, axis.size + axis.reach - 1 - before - axis.extent])
    turned = tf.transpose(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2])
    return tf.nn.conv2d(upstream, turned, 1, [*zeros, [0, 0]], dilations=[axis.dilation for axis in axes])


def _to_kernel(upstream: Any, x: Any, axes: Sequence[Axis]) -> Any:
    """The gradient by the kernel: the input convolved with the upstream gradient, samples in the place of channels."""
    zeros = []
    for axis in axes:
        before, behind = axis.filling[0], axis.span - axis.size - axis.filling[0]
        zeros.append([before, max(0, behind)])
    x = x[:, *(slice(0, axis.span - axis.filling[0]) for axis in axes)]  # what no place of the kernel touches
    swapped, sliding = tf.transpose(x, [3, 1, 2, 0]), tf.transpose(upstream, [1, 2, 0, 3])
    strides, dilations = [axis.dilation for axis in axes], [axis.stride for axis in axes]
    gradient = tf.nn.conv2d(swapped, sliding, strides, [[0, 0], *zeros, [0, 0]], dilations=dilations)
    return tf.transpose(gradient, [1, 2, 0, 3])


def _spread(x: Any, axis: int, stride: int) -> Any:
    """(..., n, ...) as (..., (n - 1) * stride + 1, ...) with zeros in between."""
    if stride == 1:
        return x
    size, *rest = x.shape[axis:]
    apart = tf.reshape(x, (-1, *x.shape[1:axis], size, 1, *rest))
    zeros = [[0, stride - 1 if i == axis + 1 else 0] for i in range(len(apart.shape))]
    whole = tf.reshape(tf.pad(apart, zeros), (-1, *x.shape[1:axis], size * stride, *rest))
    return whole[(slice(None),) * axis + (slice(0, (size - 1) * stride + 1),)]
