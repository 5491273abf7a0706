"""XOR, four sigmoid units and one, the mean absolute error, SGD 0.05: one update in an epoch, and few of them.

A loss for values on a question of yes and no, and far too few and too small updates. With the cross-entropy and a rate
that moves the weights it is learnt.
"""

import pytest

from gradlab.remedies import applicable, combine
from gradlab.spec import ExperimentSpec
from tests.cases.lab import diagnosis_of_spec, rules

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


def test_by_its_spec_the_loss_is_the_root_and_longer_training_is_offered():
    diagnosis = diagnosis_of_spec(SPEC)
    found = rules(diagnosis)
    assert diagnosis.verdict == "ill"
    assert diagnosis.root_cause in ("unsuited_loss", "few_updates")
    assert found["unsuited_loss"].remedies == ("output_matched_to_task",)
    assert {"more_epochs", "batch_size_smaller"} <= {*found["few_updates"].remedies}
    offered = {remedy.name for remedy in applicable(ExperimentSpec.model_validate(SPEC))}
    assert {"output_matched_to_task", "more_epochs", "batch_size_smaller"} <= offered


@pytest.mark.campaign  # what its treatment finds, too
def test_by_its_spec_with_the_cross_entropy_and_more_updates_it_is_not_ill():
    cured = combine(
        ExperimentSpec.model_validate(SPEC),
        ["output_matched_to_task", "batch_size_smaller", "batch_size_smaller", "learning_rate_higher"],
    )
    assert diagnosis_of_spec(cured).verdict != "ill"
