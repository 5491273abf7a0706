"""`keras.Model.fit` as a side of `bench.sizes`: bare, and with a callback that reads each batch's gradients."""

from typing import Any

import keras

from bench.sizes.side import ENDLESS, LoopTraining
from bench.watched.turns import Turns
from core.training.data import Data
from core.training.network import Network
from gradlab.keras import GradientStatistics
from gradlab.spec import ExperimentSpec


def fit_training(spec: ExperimentSpec, data: Data, *, reads_gradients: bool) -> LoopTraining:
    """Return a training of a line by `fit`, with Keras's defaults."""
    train_x, train_y, val_x, val_y = (each.numpy() for each in data.arrays)

    def train(turns: Turns) -> None:
        callbacks: list[Any] = [GradientStatistics()] if reads_gradients else []
        callbacks.append(keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: turns.epoch()))
        compiled_model(spec).fit(
            train_x,
            train_y,
            batch_size=spec.training.batch_size,
            epochs=ENDLESS,
            validation_data=(val_x, val_y),
            verbose=0,
            callbacks=callbacks,
        )

    return LoopTraining(train)


def compiled_model(spec: ExperimentSpec) -> Any:
    """Return the spec's Keras model, compiled as its user would."""
    model, training = Network(spec, seed=spec.seeds[0]).model, spec.training
    loss = spec.only_output.loss.build(keras)
    model.compile(training.optimizer.build(keras), loss, metrics=list(spec.metric_names))
    return model
