"""Trainings of `bench.watch` by Keras's `fit`."""

from collections.abc import Callable
from typing import Any

import keras

from bench.watched.networks import Network
from bench.watched.turns import Turns
from gradlab.keras import Watch


def training(network: Network, record: str | None, epochs: int) -> Callable[[Turns], None]:
    """Return a training: alone if `record` is None, else with a Watch that records so much."""

    def train(turns: Turns) -> None:
        keras.utils.set_random_seed(0)
        model = _model(network)
        (x, y), validation = network.data, network.validation
        # Its end of an epoch comes after the Watch's.
        callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: turns.epoch())]
        if record is not None:
            watch = Watch(data=(x, y), validation_data=validation, record=record, report_at_end=False)
            callbacks.insert(0, watch)
        model.fit(
            x,
            y,
            batch_size=network.batch,
            epochs=epochs,
            validation_data=validation,
            validation_batch_size=network.batch,
            verbose=0,
            callbacks=callbacks,
        )

    return train


def _model(network: Network) -> Any:
    model = keras.Sequential([keras.Input(network.data[0].shape[1:])])
    for filters in network.filters:
        model.add(keras.layers.Conv2D(filters, 3, padding="same", activation=network.activation))
        model.add(keras.layers.MaxPooling2D())
    if network.filters:
        model.add(keras.layers.Flatten())
    *hidden, output = network.units
    for units in hidden:
        model.add(keras.layers.Dense(units, network.activation, kernel_initializer=_initializer(network)))
    model.add(keras.layers.Dense(output, "softmax" if network.has_classes else "sigmoid"))
    loss = "sparse_categorical_crossentropy" if network.has_classes else "binary_crossentropy"
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss, metrics=["accuracy"])
    return model


def _initializer(network: Network) -> Any:
    chosen = network.initializer
    return chosen if isinstance(chosen, str) else keras.initializers.RandomUniform(*chosen)
