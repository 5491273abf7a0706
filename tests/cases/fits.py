"""People's networks that did not train, as their own `model.fit`: each as it was, and cured.

Two lines are added to a fit, those of the Watch. The data are made up in the shape and scale of the report.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from sklearn.datasets import load_digits, make_blobs

from gradlab.keras import Watch

Array = np.ndarray
K, ops = keras.layers, keras.ops


@dataclass(frozen=True)
class Fit:
    """A compiled model, its samples, and what `fit` takes."""

    make: Callable[[], keras.Model]
    x: Any
    y: Array
    fit: dict[str, Any] = field(default_factory=dict)

    def watched(self, seed: int = 0) -> Watch:
        """Train it, and return its Watch."""
        keras.utils.set_random_seed(seed)
        watch = Watch(data=(self.x, self.y), validation_data=self.fit.get("validation_data"), report_at_end=False)
        self.make().fit(self.x, self.y, verbose=0, callbacks=[watch], **self.fit)
        return watch


def compiled(shape: tuple[int, ...], *layers: Any, optimizer: Any, loss: Any, metrics: Any = None) -> keras.Model:
    """A model in sequence. Without XLA a graph is ready in half the time, and nothing here depends on it."""
    model = keras.Sequential([K.Input(shape), *layers])
    model.compile(optimizer, loss, metrics=metrics, jit_compile=False)
    return model


def passes(x: Array, y: Array, count: int) -> tuple[Array, Array]:
    """Several passes over the samples as one epoch: as many updates in fewer records, which saves time."""
    return np.tile(x, (count, 1)), np.concatenate([y] * count)


def standardised(values: Array) -> Array:
    return (values - values.mean(0)) / values.std(0)


def softmax_over_one_unit(cured: bool) -> Fit:
    """Two classes, one softmax unit, binary cross-entropy: the accuracy stays at one half. A sigmoid cures it."""
    x, y = np.repeat([[1.0], [0.0]], 1000, axis=0) * np.ones((1, 128)), np.repeat([1.0, 0.0], 1000)

    def make() -> keras.Model:
        hidden = (K.Dense(50, "relu"), K.Dropout(0.2), K.Dense(50, "relu"), K.Dropout(0.2))
        output = (K.Dense(1), K.Activation("sigmoid" if cured else "softmax"))
        return compiled((128,), *hidden, *output, optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])

    return Fit(make, x, y, {"epochs": 12, "batch_size": 64})


def quartic_unscaled(cured: bool) -> Fit:
    """y = x⁴ on [−100, 100], the whole set as one batch: targets of 1e8. Scaling inputs and targets cures it."""
    x = np.arange(-100, 100, 0.5).reshape(-1, 1)
    y = x[:, 0] ** 4
    if cured:
        x, y = standardised(x), standardised(y)

    def make() -> keras.Model:
        return compiled((1,), K.Dense(50, "sigmoid"), K.Dense(50, "elu"), K.Dense(1), optimizer="adam", loss="mse")

    return Fit(make, *passes(x, y, 40 if cured else 1), {"epochs": 20, "batch_size": len(x)})


def relu_output(cured: bool) -> Fit:
    """Seven points of a line from −3 to 9, relu everywhere. A linear output and a tenfold rate cure it.

    With the rate of the report a linear output alone explains −0.5 to 0.4 of the variance after 200 updates.
    """
    x = np.arange(-1.0, 6.0).reshape(-1, 1)

    def make() -> keras.Model:
        units = (K.Dense(4, "relu"), K.Dense(2, "relu"), K.Dense(1, None if cured else "relu"))
        return compiled((1,), *units, optimizer=keras.optimizers.Adam(0.01 if cured else 0.001), loss="mse")

    return Fit(make, *passes(x, 2 * x - 1, 30 if cured else 1), {"epochs": 20, "batch_size": 7})


def labels_divided(cured: bool) -> Fit:
    """Images scaled, and the labels with them: cast back to integers every label is 0."""
    x, labels = load_digits(return_X_y=True)
    x = x[:600] / 16

    def make() -> keras.Model:
        units, loss = (K.Dense(64, "relu"), K.Dense(10, "softmax")), "sparse_categorical_crossentropy"
        return compiled((64,), *units, optimizer="adam", loss=loss, metrics=["accuracy"])

    return Fit(make, x, labels[:600] / (1 if cured else 255), {"epochs": 10})


def xor_by_absolute_error(cured: bool) -> Fit:
    """XOR, four sigmoid units, absolute error, one small update in an epoch. Squares and long steps cure it."""
    x, y = np.array([[1, 1], [1, 0], [0, 0], [0, 1.0]]), np.array([0, 1, 0, 1.0])

    def make() -> keras.Model:
        rate, momentum, loss = (1.0, 0.9, "mse") if cured else (0.05, 0.11, "mean_absolute_error")
        optimizer = keras.optimizers.SGD(rate, momentum=momentum, nesterov=True)
        units = (K.Dense(4, "sigmoid"), K.Dense(1, "sigmoid"))
        return compiled((2,), *units, optimizer=optimizer, loss=loss, metrics=["accuracy"])

    return Fit(make, *passes(x, y, 30 if cured else 1), {"epochs": 20, "batch_size": 4})


def masked_sequences(cured: bool) -> Fit:
    """Zeros, then ones, whose share is asked for. A mask on 0 removes what is to be counted; the output is a relu."""
    length, samples = 60, 45
    ones = np.random.default_rng(0).integers(3, 45, samples)
    x = (np.arange(length) >= length - ones[:, None])[..., None].astype("float64")

    def make() -> keras.Model:
        mask = () if cured else (K.Masking(0.0),)
        layers = (*mask, K.LSTM(10), K.Dense(1, "linear" if cured else "relu"))
        return compiled((length, 1), *layers, optimizer="adam", loss="mse", metrics=["mae"])

    return Fit(make, x, ones / length, {"epochs": 20, "batch_size": 4 if cured else 32})


def normalised_by_itself(cured: bool) -> Fit:
    """Batch normalisation of dense layers with batches of one. Batches of 32 cure it."""
    x, labels = load_digits(return_X_y=True)
    x, y = (x[:100] / 16).reshape(-1, 8, 8, 1), np.eye(10)[labels[:100]]

    def make() -> keras.Model:
        maps = (K.Conv2D(8, 3), K.BatchNormalization(), K.Activation("relu"), K.MaxPooling2D(), K.Flatten())
        head = (K.Dense(32), K.BatchNormalization(), K.Activation("relu"), K.Dense(10, "softmax"))
        loss = "categorical_crossentropy"
        return compiled((8, 8, 1), *maps, *head, optimizer="rmsprop", loss=loss, metrics=["accuracy"])

    return Fit(make, x, y, {"epochs": 12 if cured else 4, "batch_size": 32 if cured else 1, "validation_data": (x, y)})


def root_in_the_loss(cured: bool) -> Fit:
    """The mean distance √(dx² + dy²): NaN where a prediction is exact. A small number under the root cures it."""
    random = np.random.default_rng(0)
    x = random.random((400, 3))
    y = np.where(x[:, :1] > 0.5, x[:, 1:], 0.0)  # half of the targets are exactly (0, 0)

    def mean_distance(y: Any, p: Any) -> Any:
        return ops.mean(ops.sqrt(ops.sum(ops.square(y - p), -1) + (1e-10 if cured else 0.0)))

    def make() -> keras.Model:
        return compiled((3,), K.Dense(16, "relu"), K.Dense(2, "relu"), optimizer="adam", loss=mean_distance)

    return Fit(make, x, y, {"epochs": 8})


def raw_features(cured: bool) -> Fit:
    """Few positives among 122 features of up to 10,000: all hidden units are off after two epochs. Scaling cures it."""
    random, samples, features = np.random.default_rng(0), 6_000, 122
    scaled = random.normal(size=(samples, features))
    score = scaled[:, :10].sum(axis=1) / np.sqrt(10) + 0.5 * random.normal(size=samples)
    x = scaled * 10 ** random.uniform(0, 4, features)

    def make() -> keras.Model:
        units = [*(K.Dense(8, "relu") for _ in range(3)), K.Dense(1, "sigmoid")]
        optimizer = keras.optimizers.SGD(0.01)
        return compiled((features,), *units, optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])

    return Fit(
        make, standardised(x) if cured else x, (score > 1.33).astype("float32"), {"epochs": 20, "batch_size": 128}
    )


def softmax_called_logits(cured: bool) -> Fit:
    """A softmax before a loss on logits. Keras undoes the softmax, so that the network learns."""
    x, labels = load_digits(return_X_y=True)

    def make() -> keras.Model:
        units = (K.Dense(120, "relu"), K.Dense(84, "relu"), K.Dense(10, None if cured else "softmax"))
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        optimizer = keras.optimizers.Adam(0.001)
        return compiled((64,), *units, optimizer=optimizer, loss=loss, metrics=["accuracy"])

    return Fit(make, x[:600] / 16, np.eye(10)[labels[:600]], {"epochs": 8, "batch_size": 64})


def base_inside_a_model(cured: bool) -> Fit:
    """A base inside a model, as in transfer learning: frozen, and then trained with the rest."""
    random, labels = np.random.default_rng(0), np.arange(200) % 2
    x = random.random((200, 12, 12, 3)) * np.where(labels, 1.0, 0.3)[:, None, None, None]

    def make() -> keras.Model:
        inputs = keras.Input((12, 12, 3))
        inner = K.MaxPooling2D()(K.Conv2D(4, 3, activation="relu", name="first")(inputs))
        base = keras.Model(inputs, K.Conv2D(8, 3, activation="relu", name="second")(inner), name="base")
        base.trainable = cured
        layers = (base, K.Flatten(), K.Dense(10, "relu"), K.Dense(1, "sigmoid"))
        optimizer = keras.optimizers.RMSprop(0.003)
        return compiled((12, 12, 3), *layers, optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])

    return Fit(make, x, labels, {"epochs": 8})


def batches_of_one(cured: bool) -> Fit:
    """Blobs, one relu layer of 50, SGD with momentum and batches of one: the loss swings. A tenth of the rate cures."""
    x, labels = make_blobs(1000, 2, centers=3, cluster_std=2, random_state=2)

    def make() -> keras.Model:
        units = (K.Dense(50, "relu", kernel_initializer="he_uniform"), K.Dense(3, "softmax"))
        optimizer = keras.optimizers.SGD(0.001 if cured else 0.01, momentum=0.9)
        return compiled((2,), *units, optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy"])

    y = np.eye(3)[labels]
    return Fit(make, x[:700], y[:700], {"epochs": 30, "batch_size": 1, "validation_data": (x[700:], y[700:])})
