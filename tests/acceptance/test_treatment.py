"""Treatments by real workers: found, followed, stopped and continued, and none the worse for a worker's death."""

from pathlib import Path

import pytest

from core.use_cases import experiments, treatments
from gradlab.schemas.status import Status, TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest, TreatmentResponse
from gradlab.spec import ExperimentSpec
from tests.acceptance.conftest import Service
from tests.acceptance.test_diagnosis import tutorial
from tests.servers import wait_until
from tests.workers import Lab, in_training

INITIALIZER = "initializer_for_activation"


def on_seeds(count: int) -> ExperimentSpec:
    return tutorial("2-deep-tanh").model_copy(update={"seeds": tuple(range(count))})


def cures(found: TreatmentResponse) -> set[tuple[str, ...]]:
    return {tuple(each.remedies) for each in found.trials if each.judgement and each.judgement.worth == "cures"}


def test_two_commands_find_what_cures_the_deep_tanh_network_and_its_spec_learns(service: Service, tmp_path: Path):
    spec, cure = tmp_path / "spec.json", tmp_path / "cure.json"
    spec.write_text(on_seeds(5).canonical())
    trained = service.gradlab("submit", spec, "--wait")
    assert trained.returncode == 0, trained.stderr
    ill = service.client.get(trained.stdout.split()[0])
    assert f"Find what cures it: gradlab treat {ill.id}\n" in trained.stdout
    shown = service.gradlab("treat", str(ill.id), "--seeds", "5", "--budget", "4", "--save", cure)
    assert shown.returncode == 0, shown.stderr
    assert "The smallest change that cures is: Initialisers that suit the activations" in " ".join(shown.stdout.split())
    found = next(service.client.treatments(ill.id))
    best = found.trials[found.recommended or 0]
    assert (best.remedies, best.judgement and best.judgement.cured) == ([INITIALIZER], 5)
    assert found.control is not None
    assert found.control.count >= 9
    assert found.control.of == 15
    assert best.judgement is not None
    assert best.judgement.signal == "arrived before"  # gradients were not what kept it from learning
    learnt = service.client.wait(service.client.submit(ExperimentSpec.model_validate_json(cure.read_bytes())).id)
    assert service.client.diagnosis(learnt.id).verdict != "ill"
    refused = service.gradlab("treat", str(learnt.id))
    assert (refused.returncode, "nothing to treat" in refused.stderr) == (2, True)


def test_stopped_half_way_and_continued_from_the_command_line(service: Service):
    ill = service.client.wait(service.client.submit(on_seeds(5)).id)
    asked = TreatmentRequest.model_validate({"remedies": [INITIALIZER], "budget": 1, "seeds": 6})
    begun = service.client.treat(ill.id, asked)
    wait_until(lambda: service.client.treatment(ill.id, begun.id).untreated is not None)
    stopped = service.gradlab("treat", str(ill.id), "--cancel")
    assert stopped.returncode == 3, stopped.stderr
    kept = service.client.treatment(ill.id, begun.id)
    assert kept.status is TreatmentStatus.cancelled
    gone_on = service.gradlab("treat", str(ill.id), "--continue")
    assert gone_on.returncode == 0, gone_on.stderr
    found = service.client.treatment(ill.id, begun.id)
    assert found.untreated == kept.untreated
    assert found.trials[0].experiment_id == kept.trials[0].experiment_id
    assert cures(found) == {(INITIALIZER,)}
    assert all(each.stage == "finished" for each in found.trials)


@pytest.mark.parametrize("lab", ["deployed"], indirect=True)
def test_a_treatment_survives_the_death_of_its_worker(lab: Lab):
    spec = on_seeds(5)
    worker = lab.start_worker()
    ill = experiments.submit(spec, store=lab.store, queue=lab.queue, settings=lab.settings)[0].id
    lab.wait_for(ill, Status.completed)
    asked = TreatmentRequest.model_validate({"remedies": [INITIALIZER, "fewer_layers"], "budget": 2, "seeds": 5})
    begun = treatments.treat(ill, asked, store=lab.store, queue=lab.queue, settings=lab.settings)
    wait_until(lambda: in_training(lab, worker))
    worker.kill()
    lab.start_worker()
    wait_until(lambda: lab.store.treatments.get(begun.id).status is not TreatmentStatus.running, seconds=120)
    record = lab.store.treatments.get(begun.id)
    assert record.status is TreatmentStatus.completed
    assert [trial.stage for trial in record.treatment.trials] == ["finished"] * 4
    assert all(place and place.epochs_done == place.epochs_total for place in record.trained_in)
