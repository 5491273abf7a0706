"""Keras models of many kinds, as people build them, and their fits."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

X = np.random.default_rng(0).random((24, 8)).astype("float32")
Y = (X.sum(1) > 4).astype("float32")


def dense(*more: Any) -> keras.Model:
    return keras.Sequential([layers.Input((8,)), layers.Dense(5, "tanh"), *more, layers.Dense(1, "sigmoid")])


def block(name: str | None = None) -> keras.Model:
    return keras.Sequential([layers.Dense(8, "relu", name="fc1"), layers.Dense(8, "relu", name="fc2")], name=name)


@keras.saving.register_keras_serializable("tests")
class Residual(layers.Layer):
    """A custom layer that holds two others and a variable of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.inside, self.outside = layers.Dense(8, "relu"), layers.Dense(8)
        self.scale = self.add_weight(shape=(), name="scale", initializer="ones")

    def call(self, x: Any) -> Any:
        return x + self.scale * self.outside(self.inside(x))


class Subclassed(keras.Model):
    """Blocks as attributes, in a list and in a dictionary, two of them with one name, and a variable of its own."""

    def __init__(self) -> None:
        super().__init__(name="subclassed")
        self.first, self.second = block("block"), block("block")
        self.more, self.named = [block(), block()], {"left": Residual()}
        self.gain = self.add_weight(shape=(1,), name="gain", initializer="ones")
        self.out = layers.Dense(1, "sigmoid")

    def call(self, x: Any) -> Any:
        x = self.second(self.first(x)) + self.named["left"](x)
        for each in self.more:
            x = x + each(x)
        return self.out(x * self.gain)


@keras.saving.register_keras_serializable("tests")
class OwnLSTM(layers.LSTM):
    """Derived from one of Keras's, and computes as that does."""


def nested() -> keras.Model:
    base = keras.Sequential([block(), block()], name="base")
    return keras.Sequential([layers.Input((8,)), base, layers.Dense(1, "sigmoid")])


def shared() -> keras.Model:
    """One block used three times, directly and inside another model."""
    base, inputs = block("base"), keras.Input((8,))
    encoder = keras.Sequential([base, layers.Dense(8)], name="encoder")
    return keras.Model(
        inputs, layers.Dense(1, "sigmoid")(layers.Add()([base(inputs), base(base(inputs)), encoder(inputs)]))
    )


def three_inputs() -> keras.Model:
    base, inputs = block("base"), [keras.Input((8,)) for _ in range(3)]
    joined = layers.Concatenate()([base(each) for each in inputs])
    return keras.Model(inputs, layers.Dense(1, "sigmoid")(joined))


def custom() -> keras.Model:
    return keras.Sequential([layers.Input((8,)), Residual(), Residual(), layers.Dense(1, "sigmoid")])


def frozen() -> keras.Model:
    model = nested()
    model.layers[0].trainable = False
    return model


def recurrent(*inside: Any) -> keras.Model:
    return keras.Sequential([layers.Input((8,)), layers.Reshape((4, 2)), *inside, layers.Dense(1, "sigmoid")])


def words(*, mixed: bool = False) -> keras.Model:
    """An embedding, whose gradient is sparse, and a layer that the loss does not depend on."""
    inputs = keras.Input((8,))
    embedded = layers.Embedding(5, 3)(layers.Lambda(lambda x: keras.ops.cast(x * 5, "int32"))(inputs))
    ignored = layers.Dense(1, name="ignored")(inputs)
    return keras.Model(
        inputs, layers.Dense(1, "sigmoid")(layers.Flatten()(embedded)) + 0.0 * keras.ops.stop_gradient(ignored)
    )


class Precise(keras.Model):
    """Trains with a step of its own, which calls the optimiser for two halves of the variables, one as an iterator."""

    def __init__(self) -> None:
        super().__init__()
        self.net = dense()

    def call(self, x: Any) -> Any:
        return self.net(x)

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with tf.GradientTape() as tape:
            loss = keras.ops.mean((self(x)[:, 0] - y) ** 2)
        variables = self.trainable_variables
        gradients = tape.gradient(loss, variables)
        if not self.optimizer.built:
            self.optimizer.build(variables)
        self.optimizer.apply(gradients[:2], variables[:2])
        self.optimizer.apply(gradients[2:], trainable_variables=iter(variables[2:]))
        return {"loss": loss, "parts": {"half": loss / 2}, "each": tf.stack([loss, loss])}


class Rivals(keras.Model):
    """Two networks with an optimiser each, and none of the model's own."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = dense(), dense()
        self.optimizers = {"left": keras.optimizers.Adam(), "right": keras.optimizers.SGD()}

    def call(self, x: Any) -> Any:
        return self.left(x) + self.right(x)

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with tf.GradientTape(persistent=True) as tape:
            losses = [keras.ops.mean((net(x)[:, 0] - y) ** 2) for net in (self.left, self.right)]
        for loss, net, optimizer in zip(losses, (self.left, self.right), self.optimizers.values(), strict=True):
            optimizer.apply_gradients(
                zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables, strict=True)
            )
        return {"loss": losses[0], "other": losses[1]}


class ByHand(Rivals):
    """Updates its variables without an optimiser."""

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with tf.GradientTape() as tape:
            loss = keras.ops.mean((self(x)[:, 0] - y) ** 2)
        for gradient, variable in zip(
            tape.gradient(loss, self.trainable_variables), self.trainable_variables, strict=True
        ):
            variable.assign_sub(0.1 * gradient)
        return {"loss": loss}


def fitted(
    make: Callable[[], keras.Model], *callbacks: keras.callbacks.Callback, x: Any = X, compiled: Any = None, **more: Any
) -> tuple[list[np.ndarray], dict[str, list[float]]]:
    """The weights and the history of a fit of seed 0; callbacks first in the list."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    model = make()
    model.compile(**{"optimizer": "adam", "loss": "binary_crossentropy"} | (compiled or {}))
    history = model.fit(x, Y, **{"epochs": 2, "batch_size": 8, "verbose": 0} | more, callbacks=list(callbacks))
    return model.get_weights(), history.history


KINDS: dict[str, tuple[Callable[[], keras.Model], dict[str, Any]]] = {
    "plain": (dense, {}),
    "eager": (dense, {"compiled": {"run_eagerly": True}}),
    "jit": (words, {"compiled": {"jit_compile": True}}),
    "several steps": (dense, {"compiled": {"steps_per_execution": 2}}),
    "batch normalisation and dropout": (lambda: dense(layers.BatchNormalization(), layers.Dropout(0.5)), {}),
    "clipping and accumulation": (
        dense,
        {
            "compiled": {
                "optimizer": keras.optimizers.SGD,
                "arguments": {"clipnorm": 0.1, "gradient_accumulation_steps": 2},
            }
        },
    ),
    "embedding": (words, {}),
    "gru": (lambda: recurrent(layers.GRU(3)), {}),
    "attention": (lambda: recurrent(layers.Bidirectional(OwnLSTM(3, return_sequences=True)), layers.Flatten()), {}),
    "stacked cells": (lambda: recurrent(layers.RNN([layers.LSTMCell(3), layers.LSTMCell(3)])), {}),
    "a model at each time": (lambda: recurrent(layers.TimeDistributed(block()), layers.Flatten()), {}),
    "nested": (nested, {}),
    "subclassed": (Subclassed, {}),
    "custom layer": (custom, {}),
    "shared": (shared, {}),
    "three inputs": (three_inputs, {"x": [X, X[::-1].copy(), X * 2]}),
    "frozen": (frozen, {}),
    "own step": (Precise, {}),
    "two optimisers": (Rivals, {}),
    "not built": (lambda: keras.Sequential([layers.Dense(5), layers.Dense(1, "sigmoid")]), {}),
    "validation": (dense, {"validation_split": 0.25, "validation_freq": 2}),
    "continued": (dense, {"initial_epoch": 3, "epochs": 5}),
}
