"""One layer of Keras's with weights and inputs, as the engine builds it, and its gradients."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core.training.network import BuiltLayer
from gradlab.spec.experiment import ModelSpec
from gradlab.spec.network import walk


def a_layer(fields: dict[str, Any], shape: tuple[int, ...]) -> tuple[BuiltLayer, tf.Tensor]:
    """Return a layer and inputs of this shape; weights, biases too, and inputs are drawn from a normal distribution."""
    (spec,) = ModelSpec.model_validate({"layers": [fields]}).layers
    (named,) = walk([spec], shape[1:])
    layer = spec.build(keras, name="any", seeds=iter(range(99)))
    spec.create_weights(layer, shape[1:])
    random = np.random.default_rng(0)
    for variable in layer.trainable_variables:
        variable.assign(random.normal(size=variable.shape))
    return BuiltLayer(named, layer), tf.constant(random.normal(size=shape).astype(np.float32))


def forth_and_back(layer: Any, x: tf.Tensor, **arguments: Any) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Return the output of Keras's layer while training, and the gradients of a weighted sum: by x, by the weights."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        out = layer(x, training=True, **arguments)
        total = tf.reduce_sum(out * np.random.default_rng(1).normal(size=out.shape).astype(np.float32))
    return out, tape.gradient(total, [x, *(each.value for each in layer.trainable_variables)])
