"""A triage is finished while the only worker trains."""

import json
from pathlib import Path

from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec
from tests.servers import wait_until
from tests.services import Service

EXAMPLES = Path(__file__).parents[2] / "examples"
HOURS = 100_000


def a_spec(**training: int) -> ExperimentSpec:
    fields = json.loads((EXAMPLES / "tutorial-2-deep-tanh.json").read_text())
    return ExperimentSpec.model_validate(fields | {"training": fields["training"] | training})


def test_a_triage_is_answered_while_the_only_worker_trains_and_a_training_waits(service: Service):
    client = service.client
    long, waiting = (client.submit(a_spec(epochs=HOURS - i)).id for i in range(2))
    try:
        wait_until(lambda: client.get(long).progress.epochs_done > 1, seconds=240)
        for _ in range(2):
            triage = client.triage(a_spec(epochs=50))
            assert (triage.verdict, triage.root_cause) == ("at risk", "nonzero_mean_initialization")
        before = client.get(long)
        assert before.status is Status.running
        assert client.get(waiting).status is Status.queued
        wait_until(lambda: client.get(long).progress.epochs_done > before.progress.epochs_done)
    finally:
        for each in (waiting, long):
            client.cancel(each)
            client.wait(each)


def test_an_experiment_of_no_epochs_is_completed_while_the_only_worker_trains(service: Service):
    client = service.client
    long = client.submit(a_spec(epochs=HOURS)).id
    try:
        wait_until(lambda: client.get(long).progress.epochs_done > 1, seconds=240)
        triage = client.wait(client.submit(a_spec(epochs=0)).id)
        assert triage.status is Status.completed
        assert client.get(long).status is Status.running
        assert client.activations(triage.id)["epochs"].tolist() == [0]
    finally:
        client.cancel(long)
        client.wait(long)
