"""The architecture of the measurement of epoch 0, by which its graph is found on disk."""

from pathlib import Path
from typing import Any

import pytest

from core.plan.architecture import initial_architecture
from core.treatment.triage import triage_spec
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse

NETWORK = parse((Path(__file__).parents[2] / "examples" / "tutorial-2-deep-tanh.json").read_bytes())


def changed(**training: Any) -> ExperimentSpec:
    fields = NETWORK.model_dump(mode="json")
    return ExperimentSpec.model_validate(fields | {"training": fields["training"] | training})


def test_a_triage_and_trainings_with_other_optimisers_and_seeds_have_one():
    others = [
        triage_spec(NETWORK),
        changed(optimizer={"kind": "adam", "learning_rate": 0.1}, epochs=3),
        NETWORK.model_copy(update={"seeds": (1, 2, 3)}),
    ]
    assert {initial_architecture(each) for each in others} == {initial_architecture(NETWORK)}


@pytest.mark.parametrize("training", [{"loss": "mean_squared_error"}, {"batch_size": 7}, {"metrics": []}])
def test_other_losses_metrics_and_batches_have_another(training: dict[str, Any]):
    assert initial_architecture(changed(**training)) != initial_architecture(NETWORK)


def test_another_layer_and_other_series_have_another():
    fields = NETWORK.model_dump(mode="json")
    layer, *layers = fields["model"]["layers"]
    wider = fields | {"model": {"layers": [layer | {"units": layer["units"] + 1}, *layers]}}
    others = [ExperimentSpec.model_validate(each) for each in (wider, fields | {"record": "nothing"})]
    assert len({initial_architecture(each) for each in (NETWORK, *others)}) == 3
