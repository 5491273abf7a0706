"""Verdicts beside experiments: in one line, in lists, and made anew when the rules are others."""

from dataclasses import replace
from uuid import UUID

import pytest

from core.records import StoredSummary
from core.use_cases import diagnoses, experiments
from gradlab.diagnosis import Diagnosis, Unjudged
from gradlab.diagnosis.finding import Finding
from gradlab.diagnosis.summary import DiagnosisSummary, rules_hash, summary_of
from gradlab.errors import Unavailable
from gradlab.schemas.status import Status
from tests.builders import MINUTE, a_spec, a_training
from tests.unit.desk import Desk
from worker.diagnosing import PAUSE, Diagnosing

SPEC = a_spec(epochs=6, seeds=(0, 3))
ROOT = Finding("saturation", "Saturated units", "symptom", "critical", (), (0, 1, 2), 3, 0, (), "", ())
ILL = Diagnosis("ill", "saturation", (ROOT,), ())
LACKING = (Unjudged("input_range", "the facts are missing"),)


@pytest.mark.parametrize(
    ("diagnosis", "line"),
    [
        (ILL, "ill: Saturated units (saturation), certain"),
        (replace(ILL, unjudged=LACKING), "ill: Saturated units (saturation), likely; 1 rule unjudged"),
        (replace(ILL, findings=(replace(ROOT, seeds=(0, 1)),)), "ill: Saturated units (saturation), likely"),
        (replace(ILL, findings=(replace(ROOT, seeds=(0,)),)), "ill: Saturated units (saturation), tentative"),
        (Diagnosis("healthy", None, (), ()), "healthy, certain"),
        (Diagnosis("healthy", None, (), (), LACKING * 2), "healthy on what was measured, likely; 2 rules unjudged"),
        (Diagnosis("ill", None, (), ()), "ill, tentative"),
        (Diagnosis("undecided", None, (), (), LACKING), "undecided; 1 rule unjudged"),
    ],
)
def test_a_verdict_is_one_line(diagnosis, line):
    assert str(summary_of(diagnosis)) == line


def listed(desk: Desk, **query: object) -> list[str]:
    answer = desk.http.get("/experiments", params=query)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["experiments"]]


def stored(desk: Desk, path: str) -> dict | None:
    answer: dict | None = desk.http.get(path).json()["diagnosis"]
    return answer


def with_verdict(desk: Desk, verdict: str, rules: str | None = None) -> str:
    it = desk.trained(SPEC).rpartition("/")[2]
    summary = DiagnosisSummary(verdict, None, None, "tentative", 0)
    desk.store.verdicts.put(UUID(it), StoredSummary(summary, rules or rules_hash()))
    return it


@pytest.mark.slow
def test_whoever_diagnoses_an_experiment_stores_its_summary(desk):
    path = desk.trained(SPEC)
    assert stored(desk, path) is None
    diagnosis = desk.http.get(f"{path}/diagnosis").json()
    assert (summary := stored(desk, path))
    assert (summary["verdict"], summary["root_cause"]) == (diagnosis["verdict"], diagnosis["root_cause"])
    assert summary["unjudged"] == len(diagnosis["unjudged"])
    assert summary["stale"] is False


@pytest.mark.slow
def test_a_summary_changes_the_tag_of_an_experiment_and_of_the_list_but_not_of_its_series(desk):
    path = desk.trained(SPEC)
    paths = (path, "/experiments", f"{path}/history")
    tags = {each: {"If-None-Match": desk.http.get(each).headers["ETag"]} for each in paths}
    desk.http.get(f"{path}/diagnosis")
    assert [desk.http.get(each, headers=tags[each]).status_code for each in paths] == [200, 200, 304]


@pytest.mark.slow
def test_the_list_is_filtered_by_verdicts(desk):
    ill, healthy, _ = with_verdict(desk, "ill"), with_verdict(desk, "healthy"), desk.trained(SPEC)
    assert listed(desk, verdict="ill") == [ill]
    assert listed(desk, verdict=["ill", "healthy"]) == [healthy, ill]
    assert listed(desk, verdict="at risk") == []
    assert desk.http.get("/experiments", params={"verdict": "sick"}).status_code == 422


@pytest.mark.slow
def test_what_other_rules_have_said_is_stale_and_is_diagnosed_anew_newest_first(desk):
    old, new = with_verdict(desk, "at risk", rules="other"), with_verdict(desk, "at risk", rules="other")
    assert stored(desk, f"/experiments/{old}")["stale"] is True
    assert [str(each) for each in desk.store.verdicts.due(rules_hash(), limit=9)] == [new, old]
    assert diagnoses.sweep(set(), store=desk.store) == 2
    assert diagnoses.sweep(set(), store=desk.store) == 0
    summary = stored(desk, f"/experiments/{old}")
    verdict = desk.http.get(f"/experiments/{old}/diagnosis").json()["verdict"]
    assert (summary["stale"], summary["verdict"], verdict == "at risk") == (False, verdict, False)


@pytest.mark.slow
def test_an_experiment_whose_diagnosis_fails_keeps_no_other_from_its_own(desk, monkeypatch):
    healthy, broken = (UUID(desk.trained(SPEC).rpartition("/")[2]) for _ in range(2))
    diagnose, failed = diagnoses.diagnose, set()

    def fail_for_one(experiment_id, **more):
        if experiment_id == broken:
            raise ArithmeticError("broken on purpose")
        return diagnose(experiment_id, **more)

    monkeypatch.setattr(diagnoses, "diagnose", fail_for_one)
    assert diagnoses.sweep(failed, store=desk.store) == 2
    assert (failed, desk.store.get(healthy).diagnosis is not None) == ({broken}, True)
    assert diagnoses.sweep(failed, store=desk.store) == 0


@pytest.mark.slow
def test_a_diagnosis_is_given_though_its_summary_cannot_be_stored(desk, monkeypatch):
    def away(*_: object) -> None:
        raise Unavailable("read-only")

    monkeypatch.setattr(desk.store.verdicts, "put", away)
    assert desk.http.get(f"{desk.trained(SPEC)}/diagnosis").status_code == 200


@pytest.mark.slow
def test_while_it_trains_an_experiment_is_diagnosed_every_few_seconds_and_a_triage_is_not(desk, monkeypatch):
    seconds, epochs = [0.0], []
    monkeypatch.setattr(diagnoses, "attempt", lambda it, *, store: epochs.append(store.get(it).epochs_done))

    def pass_time(*_: int) -> None:
        seconds[0] += PAUSE / 2

    def run(spec):
        it = desk.store.add(spec)[0].id
        train = Diagnosing(a_training(length=1, before=pass_time), it, desk.store, clock=lambda: seconds[0])
        whole = {"stopping": lambda: False, "checkpoint_every": MINUTE, "versions": {}}
        experiments.run(it, store=desk.store, train=train, worker="w", **whole)
        assert desk.store.get(it).status is Status.completed

    run(a_spec(epochs=6))
    assert epochs == [1, 3, 5]
    run(a_spec(epochs=0))
    assert epochs == [1, 3, 5]
