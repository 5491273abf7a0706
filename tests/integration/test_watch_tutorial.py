"""The tutorial's networks in plain `model.fit`, with two added lines: the same answer as the service's."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from bench.treating import runs_of
from core.training.network import Network
from gradlab.diagnosis import diagnose
from gradlab.keras import Watch
from gradlab.spec import ExperimentSpec
from gradlab.watch import describe

EPOCHS = 60
POSITIVE = {"kind": "random_uniform", "minval": 0, "maxval": 1}


def spec(activation: str, initializer: Any) -> ExperimentSpec:
    hidden = {"kind": "dense", "units": 5, "activation": activation, "kernel_initializer": initializer, "repeat": 5}
    output = {"kind": "dense", "units": 1, "activation": "sigmoid", "kernel_initializer": initializer}
    circles = {"kind": "circles", "samples": 1000, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 500}
    training = {
        "loss": "binary_crossentropy",
        "optimizer": {"kind": "sgd", "learning_rate": 0.01, "momentum": 0.9},
        "epochs": EPOCHS,
        "batch_size": 32,
    }
    document = {"dataset": circles, "model": {"layers": [hidden, output]}, "training": training}
    return ExperimentSpec.model_validate(document)


def of_fit(activation: str, make_initializer: Any, weights: Sequence[np.ndarray] = ()) -> Watch:
    data = spec(activation, "glorot_uniform").dataset.load()
    x, y, validation = data.train_x, data.train_y, (data.val_x, data.val_y)
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    hidden = [layers.Dense(5, activation, kernel_initializer=make_initializer()) for _ in range(5)]
    model = keras.Sequential(
        [layers.Input((2,)), *hidden, layers.Dense(1, "sigmoid", kernel_initializer=make_initializer())]
    )
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    if weights:
        model.set_weights(weights)
    w = Watch(data=(x, y), validation_data=validation, report_at_end=False)
    model.fit(x, y, epochs=EPOCHS, batch_size=32, validation_data=validation, verbose=0, callbacks=[w])
    return w


def test_network_2_is_ill_for_the_same_reason_as_in_the_service():
    own = spec("tanh", POSITIVE)
    # The same draw as the service's first seed: another one has other symptoms of the same cause.
    w = of_fit("tanh", lambda: keras.initializers.RandomUniform(0, 1), Network(own, seed=0).model.get_weights())
    d = w.diagnosis()
    assert str(d.verdict) == "ill"
    assert d.root_cause == "nonzero_mean_initialization"
    assert d.unjudged == []
    lines = describe(d, w.recorder.spec).splitlines()
    assert len(lines) <= 15
    assert any('Dense(5, activation="tanh", kernel_initializer=' in line for line in lines), lines
    expected = diagnose(own, runs_of(own))
    assert (expected.verdict, expected.root_cause) == ("ill", "nonzero_mean_initialization")
    # Batches come in another order: a symptom of single layers may differ, and none may be found here alone.
    findings, of_service = ({each.rule for each in diagnosis.findings} for diagnosis in (d, expected))
    assert findings <= of_service
    assert len(of_service - findings) <= 1


@pytest.mark.campaign  # fits that are not ill are among the examples and the cases, too
def test_network_3_is_not_ill():
    assert of_fit("relu", keras.initializers.HeUniform).diagnosis().verdict != "ill"
