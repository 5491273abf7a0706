"""Two classes, one output unit with softmax, binary cross-entropy: the loss falls, the accuracy stays at one half.

A softmax over one unit is 1 whatever comes in; Keras takes the loss from what comes before it. A sigmoid cures it.
"""

import keras
import numpy as np
import pytest

from tests.cases.lab import diagnosis_of_fit, diagnosis_of_spec, rules

K = keras.layers
X = np.repeat([[1.0], [0.0]], 1000, axis=0) * np.ones((1, 128))
Y = np.repeat([1.0, 0.0], 1000)
# Keras says the same in its own way.
pytestmark = pytest.mark.filterwarnings("ignore:.*softmax over axis -1")


def spec(activation: str) -> dict:
    half = [{"kind": "dense", "units": 50, "activation": "relu"}, {"kind": "dropout", "rate": 0.2}]
    return {
        "dataset": {"kind": "blobs", "centers": 2, "features": 128, "samples": 700, "train_size": 600, "scale": [0, 1]},
        "model": {
            "layers": [*half, *half, {"kind": "dense", "units": 1}, {"kind": "activation", "activation": activation}]
        },
        "training": {
            "loss": "binary_crossentropy",
            "optimizer": {"kind": "rmsprop", "learning_rate": 0.001},
            "epochs": 20,
            "batch_size": 64,
        },
        "seeds": [0, 1],
    }


def fit(activation: str):
    def make():
        hidden = (K.Dense(50, "relu"), K.Dropout(0.2), K.Dense(50, "relu"), K.Dropout(0.2))
        model = keras.Sequential([K.Input((128,)), *hidden, K.Dense(1), K.Activation(activation)])
        model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
        return model

    return diagnosis_of_fit(make, X, Y, seeds=(0, 1), epochs=12, batch_size=64)


def test_by_its_spec_the_output_is_the_root():
    diagnosis = diagnosis_of_spec(spec("softmax"))
    assert (diagnosis.verdict, diagnosis.root_cause) == ("ill", "output_mismatch")
    assert "output_matched_to_task" in rules(diagnosis)["output_mismatch"].remedies
    assert diagnosis_of_spec(spec("sigmoid")).verdict == "healthy"


def test_by_fit_the_output_is_the_root_and_the_metrics_show_it():
    diagnosis = fit("softmax")
    assert (diagnosis.verdict, diagnosis.root_cause) == ("ill", "output_mismatch")
    assert rules(diagnosis)["contradicting_accuracy"].caused_by == ("output_mismatch",)
    assert rules(diagnosis)["frozen_accuracy"].caused_by == ("output_mismatch",)


def test_a_fit_with_a_sigmoid_is_not_ill():
    diagnosis = fit("sigmoid")
    assert diagnosis.verdict not in ("ill", "at risk")
    assert not diagnosis.findings
