"""Dense layers with batch normalisation and batches of one sample: what is normalised by itself is its offset.

The network learns nothing, and what is validated, by running means, is another network than the one that was trained.
With batches of 32, or with layer normalisation in its place, it learns.
"""

from typing import Any

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from gradlab.remedies import remedy
from gradlab.spec import ExperimentSpec
from tests.cases.lab import diagnosis_of_fit, diagnosis_of_spec, rules

K = keras.layers


def spec(batch_size: int = 1, epochs: int = 4) -> ExperimentSpec:
    relu: dict[str, Any] = {"kind": "activation", "activation": "relu"}
    fields: dict[str, Any] = {
        "name": "normalised by itself",
        "dataset": {"kind": "digits", "form": "image", "scale": [0, 1], "train_size": 416},
        "model": {
            "layers": [
                {"kind": "conv2d", "filters": 8, "kernel_size": 3, "padding": "same", "activation": "relu"},
                {"kind": "batch_normalization"},
                {"kind": "max_pooling2d"},
                {"kind": "flatten"},
                {"kind": "dense", "units": 32},
                {"kind": "batch_normalization"},
                relu,
                {"kind": "dense", "units": 10, "activation": "softmax"},
            ]
        },
        "training": {
            "loss": "categorical_crossentropy",
            "optimizer": {"kind": "rmsprop", "learning_rate": 0.003},
            "epochs": epochs,
            "batch_size": batch_size,
        },
        "record": {"histograms": 0},
        "seeds": [0, 1],
    }
    return ExperimentSpec.model_validate(fields)


def test_the_norm_of_one_value_is_the_root_cause_and_that_of_a_map_is_none():
    diagnosis = diagnosis_of_spec(spec())
    assert (diagnosis.verdict, diagnosis.root_cause) == ("ill", "single_value_normalization")
    found = rules(diagnosis)["single_value_normalization"]
    assert found.layers == ("batch_normalization_2",)
    assert found.remedies == ("batch_size_larger", "layer_for_batch_normalization")


@pytest.mark.parametrize("name", ["batch_size_larger", "layer_for_batch_normalization"])
def test_each_of_its_remedies_cures(name: str):
    epochs = 20 if name == "batch_size_larger" else 4
    assert diagnosis_of_spec(remedy(name).apply(spec(epochs=epochs))).verdict == "healthy"


def network(norm: type[keras.layers.Layer]) -> keras.Model:
    layers = [K.Dense(16), norm(), K.Activation("relu"), K.Dense(10, "softmax")]
    model = keras.Sequential([K.Input((64,)), *layers])
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    return model


def digits(samples: int = 60) -> tuple[np.ndarray, np.ndarray]:
    x, y = load_digits(return_X_y=True)
    return x[:samples] / 16, np.eye(10)[y[:samples]]


def test_a_fit_of_ones_own_is_told_the_same():
    diagnosis = diagnosis_of_fit(lambda: network(K.BatchNormalization), *digits(), seeds=(0,), epochs=6, batch_size=1)
    assert (diagnosis.verdict, diagnosis.root_cause) == ("ill", "single_value_normalization")


def test_layer_normalisation_in_its_place_is_not_ill():
    diagnosis = diagnosis_of_fit(lambda: network(K.LayerNormalization), *digits(), seeds=(0,), epochs=6, batch_size=1)
    assert diagnosis.verdict != "ill"
    assert "single_value_normalization" not in rules(diagnosis)
