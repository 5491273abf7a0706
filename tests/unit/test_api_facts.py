"""Facts over HTTP: worked out by a worker once, or sent; a diagnosis loads no samples."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core.store import ExperimentStore
from core.use_cases import experiments
from gradlab.facts import Facts, Wiring, of_spec
from gradlab.schemas.status import Status
from gradlab.vocabulary.datasets import DatasetSpec
from tests.builders import a_chunk, a_spec, a_training, an_external_spec, measured
from tests.unit.desk import Desk


def worked(desk: Desk, id: UUID, store: ExperimentStore | None = None) -> None:
    """A worker that takes up a message."""
    experiments.run(
        id,
        store=store or desk.store,
        train=a_training(),
        worker="one",
        stopping=lambda: False,
        checkpoint_every=timedelta(seconds=5),
        versions={},
    )


def id_of(path: str) -> UUID:
    return UUID(path.rpartition("/")[2])


def of_an_earlier_version(desk: Desk) -> str:
    """An experiment that was trained before facts were stored."""
    spec = a_spec(epochs=4)
    experiment, _ = desk.store.add(spec)
    claim = desk.store.claim(experiment.id, worker="one")
    assert claim
    desk.store.append(claim, a_chunk(spec, seed=0, history=measured(spec, 0, 0, 5)))
    desk.store.finish(claim, Status.completed)
    return f"/experiments/{experiment.id}"


def unjudged(desk: Desk, path: str) -> dict[str, str]:
    said = desk.http.get(f"{path}/diagnosis").json()["unjudged"]
    return {each["rule"]: each["advice"] for each in said}


@pytest.mark.slow
def test_a_worker_stores_the_facts_with_epoch_0_and_no_diagnosis_loads_samples(desk: Desk, monkeypatch: Any):
    path = desk.submit(a_spec(epochs=4))
    worked(desk, id_of(path))
    monkeypatch.setattr(DatasetSpec, "load", lambda _: pytest.fail("a diagnosis loads samples"))
    answer = desk.http.get(f"{path}/diagnosis")
    assert answer.status_code == 200
    assert answer.json()["unjudged"] == []
    assert answer.json()["verdict"] != "undecided"
    facts = desk.http.get(f"{path}/facts")
    assert Facts.model_validate_json(facts.content) == of_spec(a_spec(epochs=4))
    assert len(facts.content) < 64_000


@pytest.mark.slow
def test_facts_of_an_earlier_version_come_from_a_worker_the_first_time_somebody_asks(desk: Desk, monkeypatch: Any):
    path = of_an_earlier_version(desk)
    with monkeypatch.context() as patched:
        patched.setattr(DatasetSpec, "load", lambda _: pytest.fail("a diagnosis loads samples"))
        before = unjudged(desk, path)
        assert before["overfitting"] == before["input_range"] != ""
        assert "worker" in before["overfitting"]
        assert desk.bell.rung == [id_of(path)]
        assert unjudged(desk, path) == before
        assert desk.bell.rung == [id_of(path)], "it was asked lately"
    tag = desk.http.get(f"{path}/diagnosis").headers["ETag"]
    worked(desk, id_of(path))
    assert desk.http.get(f"{path}/diagnosis", headers={"If-None-Match": tag}).status_code == 200
    assert unjudged(desk, path) == {}
    assert desk.store.get(id_of(path)).status is Status.completed


def test_facts_that_are_not_there_yet_are_requested_by_whoever_reads_them(desk: Desk):
    path = of_an_earlier_version(desk)
    answer = desk.http.get(f"{path}/facts")
    assert answer.status_code == 404
    assert "worker" in answer.json()["detail"]
    assert desk.bell.rung == [id_of(path)]
    worked(desk, id_of(path))
    assert desk.http.get(f"{path}/facts").status_code == 200


def test_a_training_whose_facts_cannot_be_worked_out_goes_on(desk: Desk, monkeypatch: Any):
    monkeypatch.setattr("core.use_cases.facts.of_spec", lambda _: 1 / 0)
    path = desk.submit(a_spec(epochs=4))
    worked(desk, id_of(path))
    assert desk.store.get(id_of(path)).status is Status.completed
    assert desk.store.facts.get(id_of(path)) is None


def test_facts_and_wiring_of_a_training_elsewhere_are_sent_and_replaced(desk: Desk):
    path = desk.submit(an_external_spec(seeds=(0, 1)))
    own = of_spec(a_spec())
    body = own.model_dump_json()
    for facts in ("{}", body):
        sent = desk.http.put(f"{path}/facts", content=facts, headers={"Content-Type": "application/json"})
        assert sent.status_code == 204, sent.text
    assert Facts.model_validate_json(desk.http.get(f"{path}/facts").content) == own
    assert desk.bell.rung == []
    for wiring in ({}, {"batches_repeat": True}):
        assert desk.http.put(f"{path}/runs/1/wiring", json=wiring).status_code == 204
    assert desk.store.facts.wirings(id_of(path)) == {1: Wiring(batches_repeat=True)}


def test_wiring_of_many_tensors_is_taken(desk: Desk):
    path = desk.submit(an_external_spec())
    tensors = {f"layer_{number}/kernel": {"batches": 3, "missing": 0} for number in range(2_000)}
    sent = desk.http.put(f"{path}/runs/0/wiring", json={"tensors": tensors})
    assert sent.status_code == 204, sent.text


def test_facts_of_an_experiment_of_this_service_are_not_sent(desk: Desk):
    path = desk.submit(a_spec())
    assert desk.http.put(f"{path}/facts", json={}).status_code == 409
    assert desk.http.put(f"{path}/runs/0/wiring", json={}).status_code == 409


@pytest.mark.parametrize(
    ("where", "body", "field"),
    [
        ("facts", {"version": 3}, "version"),
        ("facts", {"constant_loss": "many"}, "constant_loss"),
        ("runs/0/wiring", {"training_mode": 2.0}, "training_mode"),
        ("runs/0/wiring", {"first_steps": {"loss": [0.0] * 21}}, "first_steps.loss"),
    ],
)
def test_what_is_sent_wrongly_is_refused_by_its_field(desk: Desk, where: str, body: Any, field: str):
    answer = desk.http.put(f"{desk.submit(an_external_spec())}/{where}", json=body)
    assert answer.status_code == 422
    assert any(each["field"].startswith(field) for each in answer.json()["errors"]), answer.text


def test_of_what_does_not_exist_there_are_no_facts(desk: Desk):
    nowhere = "/experiments/00000000-0000-0000-0000-000000000000"
    assert desk.http.get(f"{nowhere}/facts").status_code == 404
    assert desk.http.put(f"{nowhere}/facts", json={}).status_code == 404
    path = desk.submit(an_external_spec())
    assert desk.http.put(f"{path}/runs/9/wiring", json={}).status_code == 404
