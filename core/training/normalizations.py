"""Batch normalisation of images by TensorFlow's own kernel, forward and in its gradient, for plain graphs.

Keras composes it of means, differences and products. Nothing fuses them in a plain graph: each is a pass over memory.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import tensorflow as tf

from core.plan.graphs import IMAGE_AXES
from core.training.network import BuiltLayer


def fuse_normalizations(layers: Iterable[BuiltLayer]) -> None:
    """Replace batch normalisations of images; results differ in the last digits at most."""
    for layer in layers:
        if layer.named.spec.kind == "batch_normalization" and len(layer.named.input_shape) == IMAGE_AXES:
            layer.keras.call = partial(_call, layer.keras, layer.keras.call)


def _call(layer: Any, own: Callable[..., Any], inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
    """Compute the same as the call of Keras's layer, which is left what counts only some positions."""
    if mask is not None or not layer.trainable:
        return own(inputs, training=training, mask=mask)
    x = tf.convert_to_tensor(inputs)
    gamma = tf.convert_to_tensor(layer.gamma) if layer.scale else tf.ones(x.shape[-1:])
    beta = tf.convert_to_tensor(layer.beta) if layer.center else tf.zeros(x.shape[-1:])
    if not training:
        mean, variance = map(tf.convert_to_tensor, (layer.moving_mean, layer.moving_variance))
        return _fused(x, gamma, beta, mean, variance, layer.epsilon, is_training=False)[0]
    nothing = tf.zeros((0,))
    made, mean, variance, *_ = _fused(x, gamma, beta, nothing, nothing, layer.epsilon, is_training=True)
    # The kernel's variance is the unbiased one; Keras averages the biased one.
    count = tf.cast(tf.reduce_prod(tf.shape(x)[:-1]), tf.float32)
    variance = variance * ((count - 1.0) / count)
    for average, value in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
        average.assign(average * layer.momentum + value * (1.0 - layer.momentum))
    return made


def _fused(x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, epsilon: float, *, is_training: bool) -> Any:
    return tf.raw_ops.FusedBatchNormV3(
        x=x, scale=gamma, offset=beta, mean=mean, variance=variance, epsilon=epsilon, is_training=is_training
    )
