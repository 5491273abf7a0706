"""Treatments by a real worker: found, followed, stopped and continued."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gradlab.cli import actions
from gradlab.cli.main import app
from gradlab.schemas.experiments import ExperimentResponse
from gradlab.schemas.status import TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest, TreatmentResponse
from gradlab.spec import ExperimentSpec
from tests.acceptance.test_diagnosis import tutorial
from tests.servers import wait_until
from tests.services import Service

INITIALIZER = "initializer_for_activation"


# Of 500: enough to tell who learns.
EPOCHS = 300


def on_seeds(count: int) -> ExperimentSpec:
    return tutorial("2-deep-tanh", epochs=EPOCHS).model_copy(update={"seeds": tuple(range(count))})


def cures(found: TreatmentResponse) -> set[tuple[str, ...]]:
    return {tuple(each.remedies) for each in found.trials if each.judgement and each.judgement.worth == "cures"}


@pytest.fixture(scope="module")
def ill(service: Service, tmp_path_factory: pytest.TempPathFactory) -> ExperimentResponse:
    """The deep tanh network, trained by the first of two commands."""
    spec = tmp_path_factory.mktemp("ill") / "spec.json"
    spec.write_text(on_seeds(5).canonical())
    trained = service.gradlab("submit", spec, "--wait")
    assert trained.returncode == 0, trained.stderr
    found = service.client.get(trained.stdout.split()[0])
    assert f"Find what cures it: gradlab treat {found.id}\n" in trained.stdout
    return found


def test_two_commands_find_what_cures_the_deep_tanh_network_and_its_spec_learns(
    service: Service, ill: ExperimentResponse, tmp_path: Path
):
    cure = tmp_path / "cure.json"
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


def test_stopped_half_way_and_continued_from_the_command_line(
    service: Service, ill: ExperimentResponse, monkeypatch: pytest.MonkeyPatch
):
    asked = TreatmentRequest.model_validate({"remedies": [INITIALIZER], "budget": 1, "seeds": 6})
    begun = service.client.treat(ill.id, asked)
    wait_until(lambda: service.client.treatment(ill.id, begun.id).untreated is not None)
    # In this process: one of its own may start too late on a busy machine.
    monkeypatch.setattr(actions, "_client", lambda url: service.client)
    stopped = CliRunner().invoke(app, ["treat", str(ill.id), "--cancel"])
    assert stopped.exit_code == 3, stopped.output
    kept = service.client.treatment(ill.id, begun.id)
    assert kept.status is TreatmentStatus.cancelled
    gone_on = service.gradlab("treat", str(ill.id), "--continue")
    assert gone_on.returncode == 0, gone_on.stderr
    found = service.client.treatment(ill.id, begun.id)
    assert found.untreated == kept.untreated
    assert found.trials[0].experiment_id == kept.trials[0].experiment_id
    assert cures(found) == {(INITIALIZER,)}
    assert all(each.stage == "finished" for each in found.trials)
