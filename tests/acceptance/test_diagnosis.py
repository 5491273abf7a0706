"""Diagnosis and triage by the embedded service, its worker and its command line."""

import json
from pathlib import Path

from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec
from tests.services import Service

EXAMPLES = Path(__file__).parents[2] / "examples"


def tutorial(name: str, **training: int) -> ExperimentSpec:
    fields = json.loads((EXAMPLES / f"tutorial-{name}.json").read_text())
    return ExperimentSpec.model_validate(fields | {"training": fields["training"] | training, "seeds": [0, 1, 2, 3]})


def test_a_triage_says_before_training_why_the_deep_tanh_network_will_not_learn_and_keeps_nothing(service: Service):
    before = [each.id for each in service.client.experiments()]
    found = service.client.triage(tutorial("2-deep-tanh"))
    assert (found.verdict, found.root_cause) == ("at risk", "nonzero_mean_initialization")
    assert found.suggestions[0].remedy == "initializer_for_activation"
    treated = service.client.triage(found.suggestions[0].spec)
    assert "nonzero_mean_initialization" not in {each.rule for each in treated.findings}
    assert [each.id for each in service.client.experiments()] == before


def test_a_diagnosis_explains_the_training_and_the_suggested_spec_learns(service: Service):
    ill = service.client.wait(service.client.submit(tutorial("2-deep-tanh")).id)
    found = service.client.diagnosis(ill.id)
    assert (found.status, found.verdict, found.root_cause) == (Status.completed, "ill", "nonzero_mean_initialization")
    assert {"symmetric_units", "not_learning"} <= {each.rule for each in found.findings}
    cured = service.client.wait(service.client.submit(found.suggestions[0].spec).id)
    assert service.client.diagnosis(cured.id).verdict in ("healthy", "at risk")
    assert {each.outcome for each in service.client.diagnosis(cured.id).outcomes} == {"learns"}
    shown = service.gradlab("diagnose", str(ill.id))
    assert shown.returncode == 0, shown.stderr
    assert "ill: The initial weights' mean is not zero (nonzero_mean_initialization)" in shown.stdout
    assert "initializer_for_activation" in shown.stdout
