"""Dense layers with batch normalisation and batches of one sample: what is normalised by itself is its offset.

The network learns nothing, and what is validated, by running means, is another network than the one that was trained.
With batches of 32, or with layer normalisation in its place, it learns.
"""

from typing import Any

import pytest

from gradlab.remedies import remedy
from gradlab.spec import ExperimentSpec
from tests.cases.lab import diagnosis_of_spec, rules


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


@pytest.mark.campaign
@pytest.mark.parametrize("name", ["batch_size_larger", "layer_for_batch_normalization"])
def test_each_of_its_remedies_cures(name: str):
    epochs = 20 if name == "batch_size_larger" else 4
    assert diagnosis_of_spec(remedy(name).apply(spec(epochs=epochs))).verdict == "healthy"
