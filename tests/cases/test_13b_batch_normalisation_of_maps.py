"""Convolutions with batch normalisation, one sample a batch: each channel is normalised over all places of its map.

That is a group of many values, and the network learns.
"""

import pytest

from tests.cases.lab import diagnosis_of_spec

RELU = {"kind": "activation", "activation": "relu"}
SPEC = {
    "name": "maps normalised by themselves",
    "dataset": {"kind": "digits", "form": "image", "scale": [0, 1], "train_size": 600},
    "model": {
        "layers": [
            {"kind": "conv2d", "filters": 8, "kernel_size": 3, "padding": "same", "activation": "relu"},
            {"kind": "conv2d", "filters": 8, "kernel_size": 3},
            {"kind": "batch_normalization"},
            RELU,
            {"kind": "max_pooling2d"},
            {"kind": "flatten"},
            {"kind": "dense", "units": 32, "activation": "relu"},
            {"kind": "dense", "units": 10, "activation": "softmax"},
        ]
    },
    "training": {
        "loss": "categorical_crossentropy",
        "optimizer": {"kind": "rmsprop", "learning_rate": 0.001},
        "epochs": 5,
        "batch_size": 1,
    },
    "seeds": [0],
}


@pytest.mark.campaign  # that the norm of a map is no finding is tested beside the norm of one value
def test_it_is_healthy():
    diagnosis = diagnosis_of_spec(SPEC)
    assert (diagnosis.verdict, diagnosis.root_cause) == ("healthy", None)
