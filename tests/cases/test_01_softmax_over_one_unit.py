"""Two classes, one output unit with softmax, binary cross-entropy: the loss falls, the accuracy stays at one half.

A softmax over one unit is 1 whatever comes in; Keras takes the loss from what comes before it. A sigmoid cures it.
"""

import pytest

from tests.cases.lab import diagnosis_of_spec, rules

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


def test_by_its_spec_the_output_is_the_root():
    diagnosis = diagnosis_of_spec(spec("softmax"))
    assert (diagnosis.verdict, diagnosis.root_cause) == ("ill", "output_mismatch")
    assert "output_matched_to_task" in rules(diagnosis)["output_mismatch"].remedies


@pytest.mark.campaign  # by a fit it is among those of tests/cases/test_fits_with_watch.py
def test_with_a_sigmoid_it_is_healthy():
    assert diagnosis_of_spec(spec("sigmoid")).verdict == "healthy"
