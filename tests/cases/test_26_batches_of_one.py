"""Blobs, one relu layer of 50, SGD with momentum and batches of one sample: the loss swings.

With one sample a batch most entries of each batch's gradient are 0, though hardly any unit is dead. The learning rate
is too high for such a batch: a tenth of it learns on all seeds.
"""

from gradlab.remedies import remedy
from gradlab.spec import ExperimentSpec
from tests.cases.lab import diagnosis_of_spec, rules

SPEC = ExperimentSpec.model_validate(
    {
        "name": "one sample a batch",
        "dataset": {
            "kind": "blobs", "samples": 1000, "centers": 3, "features": 2, "cluster_std": 2, "seed": 2,
            "train_size": 700,
        },
        "model": {
            "layers": [
                {"kind": "dense", "units": 50, "activation": "relu", "kernel_initializer": "he_uniform"},
                {"kind": "dense", "units": 3, "activation": "softmax"},
            ]
        },
        "training": {
            "loss": "categorical_crossentropy",
            "optimizer": {"kind": "sgd", "learning_rate": 0.01, "momentum": 0.9},
            "epochs": 30,
            "batch_size": 1,
        },
        "record": {"histograms": 0, "boundary": 0},
        "seeds": [0, 1, 2],
    }
)  # fmt: skip


def test_the_steps_are_too_long_and_nothing_is_dead():
    diagnosis = diagnosis_of_spec(SPEC)
    assert (diagnosis.verdict, diagnosis.root_cause) == ("ill", "oscillation")
    found = rules(diagnosis)
    assert {"learning_rate_lower", "batch_size_larger"} <= {*found["oscillation"].remedies}
    assert not {"dead_network", "zero_gradient", "dead_units", "dead_layer"} & {*found}


def test_a_tenth_of_the_rate_is_not_ill():
    assert diagnosis_of_spec(remedy("learning_rate_lower").apply(SPEC)).verdict != "ill"
