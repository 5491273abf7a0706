"""XOR, four sigmoid units and one, the mean absolute error, SGD 0.05: one update in an epoch, and few of them.

A loss for values on a question of yes and no, and far too few and too small updates. With the cross-entropy and a rate
that moves the weights it is learnt.
"""

import keras
import numpy as np

from gradlab.remedies import applicable, combine
from gradlab.spec import ExperimentSpec
from tests.cases.lab import diagnosis_of_fit, diagnosis_of_spec, rules

K = keras.layers
X = np.array([[1, 1], [1, 0], [0, 0], [0, 1.0]])
Y = np.array([0, 1, 0, 1.0])

SPEC = {
    "dataset": {"kind": "xor", "bits": 2, "noise": 0, "samples": 32, "train_size": 16, "scale": [0, 1]},
    "model": {"layers": [{"kind": "dense", "units": units, "activation": "sigmoid"} for units in (4, 1)]},
    "training": {
        "loss": "mean_absolute_error",
        "optimizer": {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.11, "nesterov": True},
        "epochs": 1000,
        "batch_size": 16,
    },
    "seeds": [0, 1, 2],
}


def fit(loss: str, optimizer: keras.optimizers.Optimizer, hidden: str = "sigmoid"):
    def make():
        model = keras.Sequential([K.Input((2,)), K.Dense(4, hidden), K.Dense(1, "sigmoid")])
        model.compile(optimizer, loss, metrics=["accuracy"])
        return model

    return diagnosis_of_fit(make, X, Y, seeds=(0,), epochs=40, batch_size=4)


def test_by_its_spec_the_loss_is_the_root_and_longer_training_is_offered():
    diagnosis = diagnosis_of_spec(SPEC)
    found = rules(diagnosis)
    assert diagnosis.verdict == "ill"
    assert diagnosis.root_cause in ("unsuited_loss", "few_updates")
    assert found["unsuited_loss"].remedies == ("output_matched_to_task",)
    assert {"more_epochs", "batch_size_smaller"} <= {*found["few_updates"].remedies}
    offered = {remedy.name for remedy in applicable(ExperimentSpec.model_validate(SPEC))}
    assert {"output_matched_to_task", "more_epochs", "batch_size_smaller"} <= offered


def test_by_its_spec_with_the_cross_entropy_and_more_updates_it_is_not_ill():
    cured = combine(
        ExperimentSpec.model_validate(SPEC),
        ["output_matched_to_task", "batch_size_smaller", "batch_size_smaller", "learning_rate_higher"],
    )
    assert diagnosis_of_spec(cured).verdict != "ill"


def test_by_fit_the_loss_is_told_and_a_training_that_learns_is_not_ill():
    diagnosis = fit("mean_absolute_error", keras.optimizers.SGD(0.05, momentum=0.11, nesterov=True))
    assert diagnosis.verdict == "at risk"
    assert rules(diagnosis)["unsuited_loss"].severity == "warning"
    fixed = fit("mse", keras.optimizers.Adam(0.2), "tanh")
    assert fixed.verdict not in ("ill", "at risk")
    assert rules(fixed)["unsuited_loss"].severity == "info"
