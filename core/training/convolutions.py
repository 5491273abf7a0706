"""Convolutions in forms for which XLA has fast kernels, also inside loops and branches.

Which form is fastest depends on the shape: see docs/lab-notes/convolutions.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from core.training.depthwise import depthwise
from core.training.library_convolutions import ordered, transposed
from core.training.network import BuiltLayer
from core.training.sliding import Axis, Part, axes_of, copied_numbers, copies, interleaved, overlapped, parted

# With few input channels the library packs its input for longer than it multiplies. A single matrix product is then up
# to three times as fast, because XLA fuses it with its neighbours (docs/lab-notes/convolutions.md). Bounds: input
# channels, positions of the kernel (each needs a copy of the input), and numbers in all copies together (16 MB).
MAX_UNFOLDED_CHANNELS, MAX_UNFOLDED_POSITIONS, MAX_UNFOLDED_NUMBERS = 16, 25, 2**22
# With strides the library multiplies the zeros between positions in both gradients: products are faster whatever the
# number of channels, as long as the copies fit (32 MB).
MAX_STRIDED_NUMBERS = 2**23
# The library takes no groups. One convolution with zeros between the groups multiplies these zeros, one for each group
# packs its input each time. Few groups of many channels are faster one by one (measured, same place): with 4 groups of
# 32 channels 3.8 ms instead of 10.7, with 2 of 8 channels 6.6 instead of 2.1.
MAX_SPLIT_GROUPS, MIN_SPLIT_CHANNELS = 8, 32


def rewrite_convolutions(layers: Iterable[BuiltLayer]) -> None:
    """Replace convolutions by fast forms; results differ in the last digits at most."""
    for layer in layers:
        if form := FORMS.get(layer.named.spec.kind):
            layer.keras.call = partial(_call, layer.keras, form(layer))


def _call(layer: Any, convolve_with_its_kernels: Callable[[Any], Any], inputs: Any) -> Any:
    """Compute the same as the call of Keras's layer."""
    x = convolve_with_its_kernels(tf.convert_to_tensor(inputs))
    if layer.use_bias:
        x = ops.add(x, layer.bias)
    return x if layer.activation is None else layer.activation(x)


def _axes(layer: BuiltLayer) -> tuple[Axis, ...]:
    keras_layer, sizes = layer.keras, layer.named.input_shape[:-1]
    return axes_of(sizes, keras_layer.kernel_size, keras_layer.strides, keras_layer.padding, keras_layer.dilation_rate)


def _plain(layer: BuiltLayer) -> Callable[[Any], Any]:
    axes = _axes(layer)
    return lambda x: grouped(x, layer.keras.kernel, axes, layer.keras.groups)


def _transposed(layer: BuiltLayer) -> Callable[[Any], Any]:
    keras_layer, sizes = layer.keras, layer.named.output_shape[:-1]
    axes = axes_of(sizes, keras_layer.kernel_size, keras_layer.strides, keras_layer.padding)
    return lambda x: convolve_transposed(x, keras_layer.kernel, axes)


def _depthwise(layer: BuiltLayer) -> Callable[[Any], Any]:
    axes = _axes(layer)
    return lambda x: depthwise(x, layer.keras.kernel, axes)


def _separable(layer: BuiltLayer) -> Callable[[Any], Any]:
    axes, keras_layer = _axes(layer), layer.keras

    def mixed(x: Any) -> Any:
        made = depthwise(x, keras_layer.depthwise_kernel, axes)
        kernel = tf.convert_to_tensor(keras_layer.pointwise_kernel)
        matrix = tf.reshape(kernel, kernel.shape[-2:])
        # With the axes of positions TensorFlow would make a product for each sample.
        product = tf.matmul(tf.reshape(made, (-1, made.shape[-1])), matrix)
        return tf.reshape(product, (-1, *made.shape[1:-1], matrix.shape[-1]))

    return mixed


# Kinds of layers, and what makes the form of one.
FORMS: Mapping[str, Callable[[BuiltLayer], Callable[[Any], Any]]] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _plain),
    **dict.fromkeys(("conv1d_transpose", "conv2d_transpose", "conv3d_transpose"), _transposed),
    **dict.fromkeys(("depthwise_conv1d", "depthwise_conv2d"), _depthwise),
    **dict.fromkeys(("separable_conv1d", "separable_conv2d"), _separable),
}


def convolve(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """Convolve over one axis, two or three: kernel ∗ x.

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
    if len(axes) == 3:
        return _over_depth(x, kernel, axes)
    return _form(x.shape, axes)(x, kernel, axes)


def _form(shape: Sequence[int | None], axes: Sequence[Axis]) -> Callable[[Any, Any, Sequence[Axis]], Any]:
    if any(axis.stride > 1 for axis in axes):
        return strided if copied_numbers(shape[0], shape[-1], axes) <= MAX_STRIDED_NUMBERS else ordered
    return unfolded if unfolds(shape, axes) else ordered


def _by_kernel(x: Any, kernel: Any, axes: Sequence[Axis], upstream: Any) -> Any:
    """Gradient of a convolution of volumes with respect to the kernel."""
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        made = _over_depth(x, kernel, axes)
    return tape.gradient(made, kernel, upstream)


def _over_depth(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """Convolve a volume as images: the layers that the kernel covers side by side as channels, depths as samples."""
    depth, *image = axes
    begins = range(0, depth.reach, depth.dilation)
    images = _covered(x, depth.filling, [(begin, depth.stride) for begin in begins], depth.places)
    made = convolve(images, _beside(kernel), image)
    return tf.reshape(made, (-1, depth.places, *made.shape[1:]))


def _covered(x: Any, filling: Sequence[int], ways: Sequence[tuple[int, int]], places: int) -> Any:
    """Return layers of volumes side by side as channels of images, from these begins and with these steps."""
    x = tf.pad(x, [[0, 0], filling, *[[0, 0]] * 3]) if any(filling) else x
    covered = tf.concat([x[:, begin : begin + (places - 1) * step + 1 : step] for begin, step in ways], axis=-1)
    return tf.reshape(covered, (-1, *covered.shape[2:]))


def _beside(kernel: Any) -> Any:
    """Return a kernel of volumes as one of images, the layers of its depth side by side in the axis before the last."""
    return tf.reshape(tf.transpose(kernel, [1, 2, 0, 3, 4]), (*kernel.shape[1:3], -1, kernel.shape[-1]))


def convolve_transposed(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """Transposed convolution over one axis, two or three: kernels (*sizes, filters, channels); see `transposed`."""
    x, kernel = tf.convert_to_tensor(x), tf.convert_to_tensor(kernel)
    if len(axes) == 1:
        return tf.squeeze(transposed(x[:, None], kernel[None], (Axis(1, 1), *axes)), 1)
    if len(axes) == 2:
        return transposed(x, kernel, axes)
    return _transposed_volumes(x, kernel, axes)


def _transposed_volumes(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """Transposed convolution of volumes, as images for each position of a block along the depth."""
    depth, *image = axes

    def forward(x: Any, kernel: Any) -> Any:
        def convolved(volumes: Any, parts: Sequence[Part]) -> Any:
            (part,) = parts
            turned = tf.reverse(parted(kernel, parts), [0])
            layers, padded = turned.shape[0], part.filling[0] + part.filling[1] + volumes.shape[1] - part.skipped
            places = padded - depth.dilation * (layers - 1)
            ways = [(number * depth.dilation, 1) for number in range(layers)]
            images = _covered(volumes[:, part.skipped :], part.filling, ways, places)
            by_image = tf.reshape(tf.transpose(turned, [1, 2, 3, 0, 4]), (*kernel.shape[1:4], -1))
            made = transposed(images, by_image, image)
            return tf.reshape(made, (-1, places, *made.shape[1:]))

        def gradients(upstream: Any) -> tuple[Any, Any]:
            return _over_depth(upstream, kernel, axes), _by_kernel(upstream, kernel, axes, x)

        return interleaved(convolved, x, [depth]), gradients

    return tf.custom_gradient(forward)(x, kernel)


def unfolds(shape: Sequence[int | None], axes: Sequence[Axis]) -> bool:
    """Return True if the convolution of an input of this shape, without strides, is faster as one matrix product."""
    batch, *_, channels = shape
    positions = prod(axis.kernel for axis in axes)
    if positions == 1:
        return True  # the input is the only copy
    fits = copied_numbers(batch, channels, axes) <= MAX_UNFOLDED_NUMBERS
    return fits and (channels or 0) <= MAX_UNFOLDED_CHANNELS and positions <= MAX_UNFOLDED_POSITIONS


def unfolded(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """Convolve by one matrix product: shifted copies of the input, concatenated, times the kernel as a matrix."""
    product = tf.matmul(copies(x, axes), tf.reshape(kernel, (-1, kernel.shape[-1])))
    return tf.reshape(product, (-1, *(axis.places for axis in axes), kernel.shape[-1]))


def strided(x: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    """Convolve like `unfolded`, without dilation; what each place contributes to the input's gradient is one product.

    TensorFlow's own gradient of the copies spreads each of them by the strides and adds all.
    """

    def forward(x: Any, kernel: Any) -> Any:
        beside = copies(x, axes)
        matrix = tf.reshape(kernel, (beside.shape[-1], -1))
        made = tf.reshape(tf.matmul(beside, matrix), (-1, *(axis.places for axis in axes), matrix.shape[-1]))

        def gradients(upstream: Any) -> tuple[Any, Any]:
            flat = tf.reshape(upstream, (-1, matrix.shape[-1]))
            parts = tf.reshape(tf.matmul(flat, matrix, transpose_b=True), (*made.shape[:-1], *kernel.shape[:-1]))
            by_kernel = tf.reshape(tf.matmul(beside, flat, transpose_a=True), kernel.shape)
            return overlapped(parts, axes), by_kernel

        return made, gradients

    return tf.custom_gradient(forward)(x, kernel)


def grouped(x: Any, kernel: Any, axes: Sequence[Axis], groups: int) -> Any:
    """Convolve each group of channels with its share of the filters: kernel (*sizes, channels/groups, filters)."""
    kernel = tf.convert_to_tensor(kernel)
    if groups == 1:
        return convolve(x, kernel, axes)
    if groups <= MAX_SPLIT_GROUPS and kernel.shape[-2] >= MIN_SPLIT_CHANNELS:
        parts = zip(tf.split(x, groups, -1), tf.split(kernel, groups, -1), strict=True)
        return tf.concat([convolve(*part, axes) for part in parts], axis=-1)
    return convolve(x, block_diagonal(kernel, groups), axes)


def block_diagonal(kernel: Any, groups: int) -> Any:
    """Return a kernel over all channels, with zeros between the groups: (*sizes, channels, filters)."""
    *sizes, inside, filters = kernel.shape
    whole = tf.tile(kernel, [*[1] * len(sizes), groups, 1])
    places = np.arange(groups * inside)[:, None] // inside == np.arange(filters)[None] // (filters // groups)
    return whole * tf.constant(places.astype(np.float32))
