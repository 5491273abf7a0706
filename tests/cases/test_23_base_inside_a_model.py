"""A base inside a model, as in transfer learning: frozen, then trained; and one base shared by three inputs.

The layers inside the base are layers of their own, with kernels that every view and every rule looks at.
"""

import keras
import numpy as np
import pytest
from keras import layers, ops

from tests.cases.lab import sent_by_fit, sent_gradients

X = np.random.default_rng(0).random((48, 12, 12, 3)).astype("float32")
Y = (X[:, :6].mean((1, 2, 3)) > X[:, 6:].mean((1, 2, 3))).astype("float32")


def base(*, trainable: bool) -> keras.Model:
    inputs = keras.Input((12, 12, 3))
    x = layers.MaxPooling2D(name="pool")(layers.Conv2D(4, 3, activation="relu", name="first")(inputs))
    model = keras.Model(inputs, layers.Conv2D(8, 3, activation="relu", name="second")(x), name="base")
    model.trainable = trainable
    return model


def transferred(*, trainable: bool) -> keras.Model:
    head = [layers.Flatten(), layers.Dense(10, "relu"), layers.Dense(1, "sigmoid")]
    model = keras.Sequential([layers.Input((12, 12, 3)), base(trainable=trainable), *head])
    model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    return model


def triplet() -> keras.Model:
    shared = keras.Sequential([base(trainable=True), layers.Flatten(), layers.Dense(8)], name="embedding")
    inputs = [keras.Input((12, 12, 3)) for _ in range(3)]
    model = keras.Model(inputs, layers.Concatenate()([shared(each) for each in inputs]))

    def loss(_: object, out: object) -> object:
        anchor, positive, negative = ops.split(out, 3, axis=-1)
        apart = ops.sum((anchor - positive) ** 2, -1) - ops.sum((anchor - negative) ** 2, -1)
        return ops.mean(ops.maximum(apart + 1.0, 0.0))

    model.compile(keras.optimizers.SGD(0.01), loss)
    return model


@pytest.mark.parametrize("trainable", [False, True], ids=["frozen", "trained"])
def test_the_layers_of_a_base_are_seen(trainable):
    spec, (run,) = sent_by_fit(lambda: transferred(trainable=trainable), X, Y, seeds=(0,), epochs=2)
    inside = [layer for layer in spec.layers if layer.name.startswith("base/")]
    assert [layer.name for layer in inside] == ["base/first", "base/pool", "base/second"]
    assert [layer.activation for layer in inside] == ["relu", None, "relu"]
    assert inside[0].output_shape == (10, 10, 4)
    kernels = [tensor.layer for tensor in spec.layout["gradients"].tensors if tensor.parameter == "kernel"]
    assert kernels[: 2 * trainable] == ["base/first", "base/second"][: 2 * trainable]
    assert len(kernels) == 2 + 2 * trainable
    assert np.isfinite(sent_gradients(run)).all()


def test_a_base_that_three_inputs_share_is_seen_once():
    spec, (run,) = sent_by_fit(triplet, [X, X[::-1].copy(), X[::2].repeat(2, 0)], Y, seeds=(0,), epochs=2)
    kernels = [tensor.layer for tensor in spec.layout["gradients"].tensors if tensor.parameter == "kernel"]
    assert kernels[:2] == ["embedding/base/first", "embedding/base/second"]
    assert len(kernels) == 3
    assert np.isfinite(sent_gradients(run)).all()
