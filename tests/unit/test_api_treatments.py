"""Treatments over HTTP, with workers that answer at once: what is begun, what is told, what is refused."""

import json
from typing import Any
from unittest.mock import Mock
from uuid import UUID

import numpy as np
import pytest

from core.use_cases import advancing, treatments
from gradlab.cli.experiments import listed_as_text, render_list
from gradlab.errors import Unavailable
from gradlab.schemas.status import Status, TreatmentStatus
from gradlab.schemas.treatments import TreatmentResponse
from gradlab.spec import ExperimentSpec
from tests.builders import a_chunk
from tests.unit.desk import Desk, client_of
from tests.unit.diagnosis.histories import a_network, a_run, dense
from tests.unit.test_api_submitting import refused

pytestmark = pytest.mark.slow  # all of its tests: more than a second

U01 = {"kind": "random_uniform", "minval": 0, "maxval": 1}
ILL = a_network(dense(5, "tanh", U01, repeat=3)).model_copy(update={"seeds": (0, 1, 2, 3, 4)})
COPIES = {"activations.unit_correlation": 1.0, "activations.effective_rank": 1.0}
NOBODY = "00000000-0000-0000-0000-000000000000"


def is_ill(spec: ExperimentSpec) -> bool:
    return '"random_uniform"' in spec.canonical()


class Workers:
    """Trains what the bell rings for, in a world in which weights of mean zero cure everything."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.waiting: list[UUID] = []
        self.trained: list[ExperimentSpec] = []
        desk.bell.rings = self.waiting.append

    def finish(self, experiment_id: UUID, outcome: Status = Status.completed, error: str | None = None) -> None:
        """Take up one experiment, and leave what comes next to others."""
        store = self.desk.store
        claim = store.claim(experiment_id, worker="one")
        assert claim
        self.trained.append(claim.spec)
        if outcome is Status.completed:
            ill = is_ill(claim.spec)
            history = a_run(claim.spec, fails=ill, series=COPIES if ill else {}).history
            for seed in claim.spec.seeds:
                store.append(claim, a_chunk(claim.spec, seed=seed, history=history))
        store.finish(claim, outcome, error=error)

    def work(self, most: int = 100) -> None:
        """Train and go on until nothing is left to do."""
        for _ in range(most):
            if not self.waiting:
                return
            experiment_id = self.waiting.pop(0)
            if self.desk.store.get(experiment_id).status is Status.queued:
                self.finish(experiment_id)
            advancing.advance_with(experiment_id, store=self.desk.store, queue=self.desk.bell)


@pytest.fixture
def workers(desk: Desk) -> Workers:
    """Workers of the desk."""
    return Workers(desk)


@pytest.fixture
def ill(workers: Workers) -> str:
    """The path of an experiment all of whose seeds fail."""
    path = workers.desk.submit(ILL)
    workers.work()
    return path


def treat(desk: Desk, path: str, **asked: Any) -> dict[str, Any]:
    answer = desk.http.post(f"{path}/treatments", json=asked)
    assert answer.status_code == 202, answer.text
    said: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"{path}/treatments/{said['id']}"
    return said


def look(desk: Desk, path: str, said: dict[str, Any]) -> dict[str, Any]:
    answer = desk.http.get(f"{path}/treatments/{said['id']}")
    found: dict[str, Any] = json.loads(answer.text, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    return found


def test_a_treatment_finds_the_smallest_cure_and_its_spec_is_ready_to_be_submitted(desk, workers, ill):
    begun = treat(desk, ill, seeds=5)
    assert (begun["status"], begun["recommended"]) == ("running", None)
    workers.work()
    said = look(desk, ill, begun)
    assert said["status"] == "completed"
    assert said["finished_at"]
    best = said["trials"][said["recommended"]]
    assert best["remedies"] == ["initializer_for_activation"]
    assert best["judgement"]["worth"] == "cures"
    assert (best["judgement"]["cured"], best["judgement"]["of_ill"]) == (5, 5)
    assert (best["judgement"]["ill"]["count"], best["judgement"]["ill"]["of"]) == (0, 5)
    assert (said["untreated"]["count"], said["control"]["count"]) == (5, 15)
    assert {each["path"].rpartition(".")[2] for each in best["changes"]} == {"kernel_initializer"}
    assert desk.http.post("/experiments", json=said["recommended_spec"]).status_code == 202
    assert "smallest change that cures" in said["summary"]
    assert said["is_smallest"] is True
    assert "well" in said["definition"]
    shown = TreatmentResponse.model_validate(said)._repr_html_()
    assert "<td>initializer_for_activation</td><td>cures</td><td>0 of 5</td>" in shown
    assert "<td>control</td><td>finished</td>" in shown


def test_the_same_key_and_request_are_the_same_treatment(desk, workers, ill):
    key = {"Idempotency-Key": "monday"}
    answers = [desk.http.post(f"{ill}/treatments", json={"seeds": 5}, headers=key) for _ in range(2)]
    workers.work()
    answers.append(desk.http.post(f"{ill}/treatments", json={"seeds": 5, "budget": 12}, headers=key))  # it is over
    assert [each.status_code for each in answers] == [202] * 3
    assert len({each.json()["id"] for each in answers} | {each.headers["Location"] for each in answers}) == 2
    assert answers[2].json()["status"] == "completed"
    assert len(desk.http.get(f"{ill}/treatments").json()["treatments"]) == 1


def test_a_key_is_for_one_request_to_one_experiment(desk, workers, ill):
    key = {"Idempotency-Key": "monday"}
    first = desk.http.post(f"{ill}/treatments", json={"seeds": 5}, headers=key).json()["id"]
    for other in ({"seeds": 6}, {"seeds": 5, "budget": 3}, {"seeds": 5, "remedies": ["optimizer_adam"]}, {}):
        assert (
            "another treatment" in refused(desk.http.post(f"{ill}/treatments", json=other, headers=key), 409)["detail"]
        )
    refused(desk.http.post(f"{ill}/treatments", json={"seeds": 5}, headers={"Idempotency-Key": "tuesday"}), 409)
    refused(desk.http.post(f"{ill}/treatments", json={"seeds": 5}), 409)
    workers.work()
    another = desk.submit(ILL.model_copy(update={"name": "another"}))
    workers.work()
    second = desk.http.post(f"{another}/treatments", json={"seeds": 5}, headers=key)
    assert (second.status_code, second.json()["id"] == first) == (202, False)
    refused(desk.http.post(f"/experiments/{NOBODY}/treatments", json={"seeds": 5}, headers=key), 404)


@pytest.mark.parametrize("key", ["", "x" * 201, "two\tparts"])
def test_a_key_of_a_treatment_that_is_no_key_is_refused(desk, key):
    document = refused(desk.http.post(f"/experiments/{NOBODY}/treatments", headers={"Idempotency-Key": key}))
    assert document["errors"][0]["field"].lower() == "idempotency-key"


def test_every_treated_spec_is_looked_at_before_it_is_trained_and_looks_are_not_kept(desk, workers, ill):
    begun = treat(desk, ill, seeds=5)
    workers.trained.clear()
    workers.work()
    said = look(desk, ill, begun)
    looks = {spec.name for spec in workers.trained if not spec.training.epochs}
    trained = {spec.name for spec in workers.trained if spec.training.epochs and " + " in spec.name}
    assert trained <= looks
    assert all(trial["triage"] for trial in said["trials"] if trial["role"] == "treated")
    listed = desk.http.get("/experiments?limit=200").json()["experiments"]
    assert all(each["spec"]["training"]["epochs"] for each in listed)


def test_the_experiment_itself_is_the_untreated_trial_where_it_has_the_seeds(desk, workers, ill):
    untreated = treat(desk, ill, seeds=5)["trials"][0]
    assert (untreated["role"], untreated["stage"]) == ("untreated", "finished")
    assert f"/experiments/{untreated['experiment_id']}" == ill


def test_other_seeds_are_trained_untreated_too(desk, workers, ill):
    untreated = treat(desk, ill, seeds=6)["trials"][0]
    assert untreated["stage"] == "training"
    assert f"/experiments/{untreated['experiment_id']}" != ill
    assert untreated["spec"]["seeds"] == [0, 1, 2, 3, 4, 5]


def test_chosen_remedies_are_all_trained_also_those_that_triage_warns_of(desk, workers, ill):
    begun = treat(desk, ill, seeds=5, budget=3, remedies=["optimizer_adam", ["activation_relu", "fewer_layers"]])
    workers.work()
    said = look(desk, ill, begun)
    treated = [trial for trial in said["trials"] if trial["role"] == "treated"]
    assert [trial["remedies"] for trial in treated[:2]] == [["optimizer_adam"], ["activation_relu", "fewer_layers"]]
    assert treated[0]["judgement"]["worth"] == "no effect"
    assert treated[0]["triage"]["foretells_failure"]
    assert {trial["stage"] for trial in treated} == {"finished"}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"budget": 0}, "budget"),
        ({"seeds": 1}, "seeds"),
        ({"remedies": ["relu"]}, "remedies"),
        ({"remedies": ["lstm_for_simple_rnn"]}, "remedies[0]"),
        ({"remedies": ["optimizer_adam", "fewer_layers"], "budget": 1}, "budget"),
        ({"seeds": 86}, "seeds"),  # the control needs three times as many, and 256 are allowed
        ({"remedy": "optimizer_adam"}, "remedy"),
    ],
)
def test_what_cannot_be_tried_is_refused_with_the_field_and_nothing_is_begun(desk, workers, ill, asked, field):
    problems = refused(desk.http.post(f"{ill}/treatments", json=asked), 422)["errors"]
    assert field in [each["field"] for each in problems]
    assert desk.http.get(f"{ill}/treatments").json()["treatments"] == []
    assert workers.waiting == []


def test_a_queued_experiment_is_not_treated(desk):
    answer = desk.http.post(f"{desk.submit(ILL)}/treatments", json={})
    assert "queued: it can be treated once it has been trained" in refused(answer, 409)["detail"]


def test_a_healthy_experiment_is_not_treated(desk, workers):
    path = desk.submit(a_network())
    workers.work()
    assert "nothing is known to be wrong" in refused(desk.http.post(f"{path}/treatments", json={}), 409)["detail"]


def test_batch_normalisation_is_not_put_into_a_network_that_has_it(desk, workers):
    norm, bent = {"kind": "batch_normalization"}, {"kind": "activation", "activation": "tanh"}
    path = desk.submit(a_network(dense(5, "linear", U01), norm, bent))
    workers.work()
    answer = desk.http.post(f"{path}/treatments", json={"remedies": ["batch_normalization"]})
    (problem,) = refused(answer, 422)["errors"]
    assert problem["field"] == "remedies[0]"


def test_an_experiment_has_one_treatment_at_a_time(desk, workers, ill):
    begun = treat(desk, ill, seeds=5)
    answer = desk.http.post(f"{ill}/treatments", json={})
    assert begun["id"] in refused(answer, 409)["detail"]
    workers.work()
    assert treat(desk, ill, seeds=5)["id"] != begun["id"]


def test_a_trial_is_no_base_of_a_study(desk, workers, ill):
    trial = treat(desk, ill, seeds=5)["trials"][1]["experiment_id"]
    study = {"base_experiment": trial, "axes": [{"knob": "width", "values": [2]}]}
    (problem,) = refused(desk.http.post("/studies", json=study), 422)["errors"]
    assert problem["field"] == "base_experiment"
    assert problem["received"] == f"{trial}, which is a trial of a treatment"


def test_cancelled_half_way_it_keeps_what_is_done_and_goes_on_from_there(desk, workers, ill):
    begun = treat(desk, ill, seeds=6)
    workers.finish(workers.waiting.pop(0))  # the untreated runs
    advancing.sweep(store=desk.store, queue=desk.bell)
    stopped = desk.http.post(f"{ill}/treatments/{begun['id']}/cancel")
    assert stopped.json()["status"] == "cancelled"
    assert stopped.json()["untreated"]["count"] == 6
    assert not {each["status"] for each in desk.http.get("/experiments").json()["experiments"]} & {"queued", "running"}
    workers.waiting.clear()
    workers.trained.clear()
    gone_on = desk.http.post(f"{ill}/treatments/{begun['id']}/continue")
    assert gone_on.json()["status"] == "running"
    workers.work()
    said = look(desk, ill, begun)
    assert said["status"] == "completed"
    assert said["trials"][said["recommended"]]["remedies"] == ["initializer_for_activation"]
    untreated = [spec for spec in workers.trained if spec.seeds == (0, 1, 2, 3, 4, 5) and " + " not in spec.name]
    assert untreated == []  # not trained again


def test_what_is_over_cannot_be_cancelled_nor_continued(desk, workers, ill):
    begun = treat(desk, ill, seeds=5)
    workers.work()
    for what in ("cancel", "continue"):
        assert "completed" in refused(desk.http.post(f"{ill}/treatments/{begun['id']}/{what}"), 409)["detail"]


def test_a_trial_that_breaks_says_why_and_the_others_go_on(desk, workers, ill):
    begun = treat(desk, ill, seeds=5)
    names = {each: desk.store.get(each).spec.name for each in workers.waiting}
    broken = next(each for each, name in names.items() if name.endswith("initializer_for_activation"))
    workers.waiting.remove(broken)
    workers.finish(broken, Status.failed, "out of memory")
    advancing.advance_with(broken, store=desk.store, queue=desk.bell)
    workers.work()
    said = look(desk, ill, begun)
    assert said["status"] == "completed"
    (trial,) = [each for each in said["trials"] if each["stage"] == "broken"]
    assert "out of memory" in trial["error"]
    assert any(each["judgement"] for each in said["trials"])


def test_without_the_untreated_runs_it_fails_says_why_and_can_be_continued(desk, workers, ill):
    begun = treat(desk, ill, seeds=6)
    first = workers.waiting.pop(0)
    workers.finish(first, Status.failed, "out of memory")
    advancing.advance_with(first, store=desk.store, queue=desk.bell)
    workers.work()
    said = look(desk, ill, begun)
    assert (said["status"], "out of memory" in said["error"]) == ("failed", True)
    assert desk.http.post(f"{ill}/treatments/{begun['id']}/continue").json()["error"] is None
    workers.work()
    assert look(desk, ill, begun)["status"] == "completed"


def test_what_nobody_has_gone_on_with_the_sweep_does(desk, workers, ill):
    begun = treat(desk, ill, seeds=5)
    for experiment_id in list(workers.waiting):
        workers.finish(experiment_id)
    workers.waiting.clear()
    assert advancing.sweep(store=desk.store, queue=desk.bell) == 1
    assert len(look(desk, ill, begun)["trials"]) == 5
    assert workers.waiting
    assert advancing.sweep(store=desk.store, queue=desk.bell) == 0


def test_while_the_database_is_away_going_on_is_left_to_the_sweep(desk, workers, ill, monkeypatch):
    treat(desk, ill, seeds=5)
    control = workers.waiting[0]
    workers.finish(control)
    before = len(workers.waiting)
    with monkeypatch.context() as away:
        away.setattr(type(desk.store.treatments), "waiting_for", Mock(side_effect=Unavailable("no answer")))
        advancing.advance_with(control, store=desk.store, queue=desk.bell)
    assert len(workers.waiting) == before
    assert advancing.sweep(store=desk.store, queue=desk.bell) == 1


def test_going_on_with_it_twice_at_once_begins_each_trial_once(desk, workers, ill):
    begun = treat(desk, ill, seeds=5)
    for experiment_id in workers.waiting:
        workers.finish(experiment_id)
    record = desk.store.treatments.get(UUID(begun["id"]))
    workers.waiting.clear()
    for _ in range(2):
        treatments.advance(record.id, store=desk.store, queue=desk.bell)
    assert len(workers.waiting) == len({*workers.waiting})
    assert desk.store.treatments.save(record, record.treatment, record.status) is None  # somebody was faster


def test_an_experiment_of_a_trial_that_is_deleted_is_begun_again(desk, workers, ill):
    begun = treat(desk, ill, seeds=5)
    control = begun["trials"][1]["experiment_id"]
    assert desk.http.delete(f"/experiments/{control}").status_code == 204
    workers.waiting.remove(UUID(control))
    assert advancing.sweep(store=desk.store, queue=desk.bell) == 1
    workers.work()
    assert look(desk, ill, begun)["control"]["of"] == 15


def test_deleting_the_experiment_ends_its_treatment_and_what_that_waits_for(desk, workers, ill):
    treat(desk, ill, seeds=6)
    of_ill = {"trial_of": ill.rpartition("/")[2]}
    paths = [
        f"/experiments/{each['id']}" for each in desk.http.get("/experiments", params=of_ill).json()["experiments"]
    ]
    before = [desk.http.get(path) for path in paths]
    assert all(each.json()["trial"]["experiment_id"] == of_ill["trial_of"] for each in before)
    assert desk.http.delete(ill).status_code == 204
    after = [
        desk.http.get(path, headers={"If-None-Match": each.headers["ETag"]})
        for path, each in zip(paths, before, strict=True)
    ]
    kept = [each.json() for each in after if each.status_code != 404]  # a triage goes with what it was made for
    assert kept
    assert all(each.get("trial") is None for each in kept)
    listed = desk.http.get("/experiments").json()["experiments"]
    assert {each["status"] for each in listed} == {"cancelled"}
    for late in workers.waiting:
        assert desk.store.claim(late, worker="one") is None
        advancing.advance_with(late, store=desk.store, queue=desk.bell)
    assert advancing.sweep(store=desk.store, queue=desk.bell) == 0


def test_a_finished_treatment_outlives_the_experiments_of_its_trials(desk, workers, ill):
    begun = treat(desk, ill, seeds=5)
    workers.work()
    before = look(desk, ill, begun)
    for trial in before["trials"]:
        if trial["experiment_id"] and trial["role"] != "untreated":
            desk.http.delete(f"/experiments/{trial['experiment_id']}")
    after = look(desk, ill, begun)
    assert after["summary"] == before["summary"]
    assert [each["judgement"] for each in after["trials"]] == [each["judgement"] for each in before["trials"]]


def test_a_broker_that_is_away_loses_nothing(desk, workers, ill):
    def away(_: Any) -> None:
        raise Unavailable("no broker")

    desk.bell.rings = away
    begun = treat(desk, ill, seeds=5)
    assert workers.waiting == []
    desk.bell.rings = workers.waiting.append
    for experiment_id in desk.store.due(requeue_after=desk.settings.requeue_after):
        desk.bell.publish(experiment_id)
    workers.work()
    assert look(desk, ill, begun)["status"] == "completed"


def test_treatments_are_listed_newest_first_a_page_at_a_time_and_read_again_only_when_changed(desk, workers, ill):
    made = []
    for _ in range(3):
        made.append(treat(desk, ill, seeds=5)["id"])
        workers.work()
    first = desk.http.get(f"{ill}/treatments?limit=2")
    assert [each["id"] for each in first.json()["treatments"]] == [made[2], made[1]]
    second = desk.http.get(first.json()["next"]).json()
    assert ([each["id"] for each in second["treatments"]], second["next"]) == ([made[0]], None)
    one = f"{ill}/treatments/{made[0]}"
    tags = {each: {"If-None-Match": desk.http.get(each).headers["ETag"]} for each in (one, "/treatments")}
    assert [desk.http.get(each, headers=tags[each]).status_code for each in tags] == [304, 304]
    other = desk.submit(ILL.model_copy(update={"name": "another"}))
    workers.work()
    made.append(treat(desk, other, seeds=5, remedies=["optimizer_adam"])["id"])
    assert [desk.http.get(each, headers=tags[each]).status_code for each in tags] == [304, 200]
    check_list_of_all(desk, made, ill, other)


def check_list_of_all(desk: Desk, made: list[str], ill: str, other: str) -> None:
    """The first three treatments are over, and the last one runs."""
    client = client_of(desk)
    assert [str(each.id) for each in client.all_treatments()] == made[::-1]
    (running,) = client.all_treatments(status=TreatmentStatus.running)
    assert (running.name, f"/experiments/{running.experiment_id}") == ("another", other)
    assert (running.recommended, running.treated, running.finished_trials, running.trials) == (None, None, 1, 3)
    ended = list(client.all_treatments(status=[TreatmentStatus.completed, TreatmentStatus.failed]))[-1]
    assert (ended.name, f"/experiments/{ended.experiment_id}") == (ILL.name, ill)
    assert (ended.recommended, ended.treated and ended.treated.count) == (["initializer_for_activation"], 0)
    assert ended.trials == ended.finished_trials > 3
    page = desk.http.get("/treatments?limit=3").json()
    assert [each["id"] for each in desk.http.get(page["next"]).json()["treatments"]] == made[:1]
    code = client.treatment(ended.experiment_id, made[0]).recommended_code
    assert code == '# dense_1, dense_2, dense_3\nDense(5, activation="tanh", kernel_initializer="glorot_uniform")'


def test_what_does_not_exist_is_not_found(desk, workers, ill):
    begun = treat(desk, ill, seeds=5)
    other = desk.submit(ILL)
    for path in (
        f"/experiments/{NOBODY}/treatments",
        f"{ill}/treatments/{NOBODY}",
        f"{other}/treatments/{begun['id']}",
    ):
        refused(desk.http.get(path), 404)
    refused(desk.http.post(f"/experiments/{NOBODY}/treatments", json={}), 404)
    refused(desk.http.post(f"{other}/treatments/{begun['id']}/cancel"), 404)


def test_progress_is_told_and_changes_the_etag(desk, workers, ill):
    begun = treat(desk, ill, seeds=5)
    path = f"{ill}/treatments/{begun['id']}"
    etag = desk.http.get(path).headers["ETag"]
    control = UUID(begun["trials"][1]["experiment_id"])
    claim = desk.store.claim(control, worker="one")
    assert claim
    desk.store.append(claim, a_chunk(claim.spec, seed=5, first_epoch=0, epochs=11))
    answer = desk.http.get(path, headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert answer.json()["trials"][1]["progress"] == {"epochs_done": 10, "epochs_total": 600}


def test_the_client_treats_waits_and_lists(desk, workers, ill):
    client = client_of(desk)
    experiment_id = ill.rpartition("/")[2]
    begun = client.treat(experiment_id)
    assert (begun.request.seeds, len(begun.trials)) == (8, 5)
    assert client.cancel_treatment(experiment_id, begun.id).status == "cancelled"
    workers.waiting.clear()
    client.continue_treatment(experiment_id, begun.id)
    seen: list[TreatmentResponse] = []

    def watch(now: TreatmentResponse) -> None:
        seen.append(now)
        workers.work(most=2)

    ended = client.wait_for_treatment(begun, progress=watch)
    assert ended.recommended_spec is not None
    assert len(seen) > 2
    assert next(client.treatments(experiment_id)) == ended
    assert client.treatment(experiment_id, begun.id) == ended


def test_effects_are_finite_or_null(desk, workers):
    """A run that left the finite numbers has no test metric."""
    spec = ILL
    path = desk.submit(spec)
    experiment_id = workers.waiting.pop()
    claim = desk.store.claim(experiment_id, worker="one")
    assert claim
    for seed in spec.seeds:
        history = a_run(spec, fails=True, metrics={"val_accuracy": np.nan, "val_loss": np.nan}, series=COPIES).history
        desk.store.append(claim, a_chunk(spec, seed=seed, history=history))
    desk.store.finish(claim, Status.completed)
    begun = treat(desk, path, seeds=5)
    workers.work()
    said = look(desk, path, begun)
    judged = [each["judgement"] for each in said["trials"] if each["judgement"]]
    assert judged
    assert all(each["effect"] == {"mean": None, "low": None, "high": None, "pairs": 0} for each in judged)


def listed(desk: Desk, **query: Any) -> list[dict[str, Any]]:
    answer = desk.http.get("/experiments", params=query)
    assert answer.status_code == 200, answer.text
    experiments: list[dict[str, Any]] = answer.json()["experiments"]
    return experiments


def test_a_trial_names_what_it_is_a_trial_of_and_lists_hold_or_leave_out_trials(desk, workers, ill):
    it = ill.rpartition("/")[2]
    tags = {each: {"If-None-Match": desk.http.get(each).headers["ETag"]} for each in (ill, "/experiments")}
    begun = treat(desk, ill, seeds=5, remedies=["optimizer_adam"])
    trials = listed(desk, trial_of=it)
    assert {each["id"] for each in trials} == {str(each) for each in workers.waiting}
    assert {(each["trial"]["role"], *each["trial"]["remedies"]) for each in trials} == {
        ("control",),
        ("treated", "optimizer_adam"),
    }
    assert {each["trial"]["experiment_id"] for each in trials} == {it}
    assert {each["trial"]["treatment_id"] for each in trials} == {begun["id"]}
    assert {each["trial"]["name"] for each in trials} == {ILL.name}
    (treated,) = listed(desk, trial="false")
    assert (treated["id"], treated["trial"]) == (it, None)
    assert treated["treatment"] == {"id": begun["id"], "status": "running", "trials": 2}
    assert [each["id"] for each in listed(desk, trial="true")] == [each["id"] for each in trials]
    assert len(listed(desk)) == 3
    assert [desk.http.get(each, headers=tags[each]).status_code for each in tags] == [200, 200]
    client = client_of(desk)
    assert [str(each.id) for each in client.experiments(trial_of=it)] == [each["id"] for each in trials]
    assert [str(each.id) for each in client.experiments(trial=False)] == [it]
    assert (text := listed_as_text(client.experiments(trial_of=it))).count(f"{it}\t") == 2
    assert "\toptimizer_adam\n" in text
    assert "trial of" in "".join(str(cell) for cell in render_list(client.experiments()).columns[-1].cells)
    desk.http.delete(ill)
    assert {each["trial"] for each in listed(desk)} == {None}


def test_a_trial_that_was_cut_off_stays_a_trial_when_it_is_trained_again(desk, workers, ill):
    begun = treat(desk, ill, seeds=6, remedies=["optimizer_adam"])
    before = {each["id"] for each in listed(desk, trial_of=ill.rpartition("/")[2], status="queued")}
    desk.http.post(f"{ill}/treatments/{begun['id']}/cancel")
    desk.http.post(f"{ill}/treatments/{begun['id']}/continue")
    trials = listed(desk, trial_of=ill.rpartition("/")[2])
    cut_off = [each for each in trials if each["status"] == "cancelled"]
    assert {each["id"] for each in cut_off} < before
    assert sorted(each["trial"]["role"] for each in cut_off) == ["control", "untreated"]
    assert listed(desk, trial="false")[0]["treatment"]["trials"] == len(trials) == 5
