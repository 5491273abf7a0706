"""Diagnosis and triage over HTTP: computed from what is stored, and nothing left behind."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradlab.facts import of_spec
from gradlab.measurement.history import History
from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec
from tests.builders import a_chunk, a_spec
from tests.unit.desk import Desk, as_json
from tests.unit.diagnosis.histories import a_run
from tests.unit.test_api_submitting import refused

EXAMPLES = Path(__file__).parents[2] / "examples"
DEEP_TANH = ExperimentSpec.model_validate_json((EXAMPLES / "tutorial-2-deep-tanh.json").read_text())


def copies(spec: ExperimentSpec, epochs: int) -> History:
    """The history of a network whose units are copies of one another."""
    numbers = {"activations.unit_correlation": 1.0, "activations.effective_rank": 1.0}
    return a_run(spec, epochs=epochs, series=numbers).history


def triaged(desk: Desk, outcome: Status = Status.completed) -> Any:
    """A worker that takes up whatever the bell rings for, and sees copies."""

    def work(experiment_id: Any) -> None:
        claim = desk.store.claim(experiment_id, worker="one")
        assert claim
        assert claim.spec.training.epochs == 0
        assert claim.spec.record.histograms == 0
        if outcome is Status.completed:
            for seed in claim.spec.seeds:
                chunk = a_chunk(claim.spec, seed=seed, history=copies(claim.spec, 0))
                desk.store.append(claim, chunk, facts=of_spec(claim.spec))
        desk.store.finish(claim, outcome, error=None if outcome is Status.completed else "out of memory")

    desk.bell.rings = work


@pytest.mark.slow
def test_a_diagnosis_names_the_root_cause_its_consequences_and_what_would_help(desk: Desk):
    path = desk.trained(DEEP_TANH, seed_0=copies(DEEP_TANH, 500))
    said = desk.http.get(f"{path}/diagnosis").json()
    assert said["experiment_id"] == path.rpartition("/")[2]
    assert said["root_cause"] == "nonzero_mean_initialization"
    by_rule = {each["rule"]: each for each in said["findings"]}
    assert by_rule["symmetric_units"]["caused_by"] == ["nonzero_mean_initialization"]
    assert by_rule["symmetric_units"]["seeds"] == [0]
    first = said["suggestions"][0]
    assert first["remedy"] == "initializer_for_activation"
    assert first["changes"]
    treated = desk.http.post("/experiments", json=first["spec"])
    assert treated.status_code == 202, treated.text


@pytest.mark.slow
def test_a_diagnosis_is_read_again_only_when_something_has_changed(desk: Desk):
    path = desk.trained(DEEP_TANH, seed_0=copies(DEEP_TANH, 500))
    etag = desk.http.get(f"{path}/diagnosis").headers["ETag"]
    assert desk.http.get(f"{path}/diagnosis", headers={"If-None-Match": etag}).status_code == 304


def test_before_anything_is_measured_a_diagnosis_is_undecided(desk: Desk):
    said = desk.http.get(f"{desk.submit(a_spec(seeds=(3, 5)))}/diagnosis").json()
    assert (said["verdict"], said["findings"], said["suggestions"]) == ("undecided", [], [])
    assert [(each["seed"], each["outcome"]) for each in said["outcomes"]] == [(3, "undecided"), (5, "undecided")]


def test_a_run_that_left_the_finite_numbers_is_diagnosed_and_all_numbers_are_json(desk: Desk, exploded: Any):
    spec, history = exploded
    path = desk.trained(spec, seed_0=history)
    answer = desk.http.get(f"{path}/diagnosis")
    said = json.loads(answer.text, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    assert said["outcomes"][0]["outcome"] == "diverged"
    assert "nonfinite" in {each["rule"] for each in said["findings"]}


def test_what_is_recorded_after_the_last_metrics_is_left_for_later(desk: Desk):
    """A worker may write between two reads: series never reach beyond the metrics."""
    spec = a_spec(epochs=6)
    experiment, _ = desk.store.add(spec)
    claim = desk.store.claim(experiment.id, worker="one")
    assert claim
    desk.store.append(claim, a_chunk(spec, first_epoch=0, epochs=1))
    read, metrics = desk.store.series, desk.store.metrics

    def later(*arguments: Any, **more: Any) -> Any:
        desk.store.metrics = metrics  # type: ignore[method-assign]
        found = metrics(*arguments, **more)
        desk.store.append(claim, a_chunk(spec, first_epoch=1, epochs=2))
        return found

    desk.store.metrics = later  # type: ignore[method-assign]
    assert desk.http.get(f"/experiments/{experiment.id}/diagnosis").status_code == 200
    assert read(experiment.id, "weights")[0].epochs.tolist() == [0, 1, 2]


@pytest.mark.slow
def test_a_triage_is_answered_from_a_look_at_epoch_0_and_leaves_nothing_behind(desk: Desk):
    triaged(desk)
    said = desk.http.post("/experiments/triage", json=as_json(DEEP_TANH)).json()
    assert (said["verdict"], said["root_cause"]) == ("at risk", "nonzero_mean_initialization")
    assert {each["kind"] for each in said["findings"]} == {"risk"}
    assert said["suggestions"][0]["remedy"] == "initializer_for_activation"
    assert said["suggestions"][0]["spec"]["training"]["epochs"] == 500
    assert desk.http.get("/experiments").json()["experiments"] == []


@pytest.mark.slow
def test_a_triage_that_nobody_looks_at_in_time_says_so_and_leaves_nothing_behind(open_desk: Any):
    desk = open_desk(triage_patience="PT0.1S")
    answer = desk.http.post("/experiments/triage", json=as_json(DEEP_TANH))
    assert "No worker has finished the triage" in refused(answer, 503)["detail"]
    assert desk.http.get("/experiments").json()["experiments"] == []


def test_a_look_that_failed_says_why(desk: Desk):
    triaged(desk, Status.failed)
    answer = desk.http.post("/experiments/triage", json=as_json(DEEP_TANH))
    assert "out of memory" in refused(answer, 503)["detail"]
    assert desk.http.get("/experiments").json()["experiments"] == []


def test_a_triage_of_a_spec_beyond_the_bounds_is_refused_at_once(open_desk: Any):
    desk = open_desk(max_layers=3)
    problems = refused(desk.http.post("/experiments/triage", json=as_json(DEEP_TANH)), 422)["errors"]
    assert [each["field"] for each in problems] == ["model.layers"]
    assert desk.bell.rung == []


def test_an_unknown_experiment_has_no_diagnosis(desk: Desk):
    refused(desk.http.get("/experiments/00000000-0000-0000-0000-000000000000/diagnosis"), 404)


@pytest.mark.slow
def test_rules_and_remedies_are_in_the_catalogue_and_know_each_other(desk: Desk):
    said = desk.http.get("/catalogue").json()
    rules, remedies = ({each["name"] for each in said[kind]} for kind in ("rules", "remedies"))
    for rule in said["rules"]:
        assert {*rule["remedies"]} <= remedies, rule["name"]
        assert {*rule["causes"]} <= rules, rule["name"]
        assert rule["formula"]
        assert rule["source"]
        assert all(np.isfinite(value) for value in rule["thresholds"].values())
    for remedy in said["remedies"]:
        assert {*remedy["treats"]} <= rules, remedy["name"]
