"""Treatments are kept the same on SQLite and PostgreSQL: one transaction for a trial and the experiment it needs."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from gradlab.errors import Conflict, NotFound
from gradlab.schemas.status import Status, TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest
from gradlab.schemas.trials import TriageResult
from tests.unit.treatment.worlds import DEEP_TANH, SEEDS, a_result, a_treatment, answered

ADAM, RELU = ("optimizer_adam",), ("activation_relu",)
RUNNING, COMPLETED = TreatmentStatus.running, TreatmentStatus.completed


def begun(store, candidates=(ADAM, RELU)):
    experiment, _ = store.add(DEEP_TANH)
    return store.treatments.add(experiment.id, TreatmentRequest(), a_treatment(list(candidates)))


def finish(store, experiment_id, status=Status.completed):
    claim = store.claim(experiment_id, worker="one")
    assert claim
    store.finish(claim, status)


def test_what_is_kept_can_be_read(store, clock):
    treatment = a_treatment([ADAM, RELU])
    experiment, _ = store.add(DEEP_TANH)
    record, needed = store.treatments.add(experiment.id, TreatmentRequest(seeds=9), treatment)
    assert store.treatments.get(record.id) == record
    assert (record.treatment, record.request.seeds, record.status) == (treatment, 9, RUNNING)
    assert (record.experiment_id, record.created_at, record.finished_at) == (experiment.id, clock.now, None)
    places = [place.id for place in (*record.trained_in, *record.triaged_in) if place]
    assert needed == places
    assert [place is None for place in record.trained_in] == [False, False, True, True]
    assert [place is None for place in record.triaged_in] == [True, True, False, False]


def test_the_experiments_that_a_treatment_needs_are_queued_and_those_for_looks_train_nothing(store):
    record, _ = begun(store)
    triages = [store.get(place.id).spec for place in record.triaged_in if place]
    assert [spec.training.epochs for spec in triages] == [0, 0]
    trained = [store.get(place.id) for place in record.trained_in if place]
    assert [each.spec for each in trained] == [trial.spec for trial in record.treatment.trials[:2]]
    assert {each.status for each in trained} == {Status.queued}


def test_results_come_back_as_they_were_saved(store):
    record, _ = begun(store)
    after = answered(record.treatment, {ADAM: 3})
    assert store.treatments.save(record, after, RUNNING) == []
    read = store.treatments.get(record.id)
    assert [trial.result for trial in read.treatment.trials] == [trial.result for trial in after.trials]
    assert [trial.triage for trial in read.treatment.trials] == [trial.triage for trial in after.trials]
    assert read.revision == record.revision + 1


def test_a_trial_that_was_looked_at_gets_its_training_and_its_look_is_removed(store):
    record, _ = begun(store)
    triage = record.triaged_in[2]
    trials = list(record.treatment.trials)
    trials[2] = replace(trials[2], stage="training", triage=TriageResult("healthy", None, False))
    (needed,) = store.treatments.save(record, replace(record.treatment, trials=tuple(trials)), RUNNING)
    assert store.get(needed).spec == trials[2].spec
    with pytest.raises(NotFound):
        store.get(triage.id)
    after = store.treatments.get(record.id)
    assert (after.triaged_in[2], after.trained_in[2].id) == (None, needed)


def test_who_saves_second_changes_nothing(store):
    record, _ = begun(store)
    assert store.treatments.save(record, record.treatment, COMPLETED) == []
    assert store.treatments.save(record, answered(record.treatment, {}), RUNNING) is None
    assert store.treatments.get(record.id).status is COMPLETED


def test_of_many_who_save_at_once_one_begins_the_next_trials(store):
    record, _ = begun(store)
    triaged = answered(record.treatment, {})
    trials = [
        replace(trial, stage="training") if trial.role == "treated" else trial for trial in record.treatment.trials
    ]
    after, gate = replace(triaged, trials=tuple(trials)), threading.Barrier(8)

    def save(_):
        gate.wait()
        return store.treatments.save(record, after, RUNNING)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(save, range(8)))
    assert sum(answer is not None for answer in answers) == 1
    assert len(store.page(limit=100).experiments) == 1 + 2 + 2


def test_a_key_used_by_many_at_once_begins_one_treatment(store):
    (experiment, _), gate = store.add(DEEP_TANH), threading.Barrier(8)

    def add(_):
        gate.wait()
        return store.treatments.add(experiment.id, TreatmentRequest(), a_treatment([ADAM]), idempotency_key="monday")

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(add, range(8)))
    assert len({record.id for record, _ in answers}) == 1
    assert sum(bool(needed) for _, needed in answers) == 1


def test_a_treatment_is_due_when_something_it_waits_for_is_finished_or_gone(store):
    record, _ = begun(store)
    control, triage = record.trained_in[1], record.triaged_in[2]
    assert store.treatments.due() == []
    finish(store, control.id)
    assert store.treatments.due() == [record.id]
    taken_in = list(record.treatment.trials)
    taken_in[1] = replace(taken_in[1], stage="finished", result=a_result(taken_in[1].spec, SEEDS))
    store.treatments.save(record, replace(record.treatment, trials=tuple(taken_in)), RUNNING)
    assert store.treatments.due() == []
    store.delete(triage.id)
    assert store.treatments.due() == [record.id]
    again = store.treatments.get(record.id)
    (needed,) = store.treatments.save(again, again.treatment, RUNNING)
    assert store.get(needed).spec.training.epochs == 0
    assert store.treatments.due() == []


def test_who_finishes_an_experiment_can_ask_which_treatments_wait_for_it(store):
    record, _ = begun(store)
    other, _ = begun(store)
    assert store.treatments.waiting_for(record.trained_in[0].id) == [record.id]
    assert store.treatments.waiting_for(other.triaged_in[3].id) == [other.id]
    assert store.treatments.waiting_for(record.experiment_id) == []
    assert store.treatments.waiting_for(uuid4()) == []
    store.treatments.cancel(record.id)
    assert store.treatments.waiting_for(record.trained_in[0].id) == []


def test_cancelling_stops_what_is_waited_for_and_continuing_begins_it_again(store, clock):
    record, _ = begun(store)
    finish(store, record.trained_in[0].id)
    clock.forward(timedelta(seconds=5))
    stopped = store.treatments.cancel(record.id)
    assert (stopped.status, stopped.finished_at) == (TreatmentStatus.cancelled, clock.now)
    assert store.get(record.trained_in[0].id).status is Status.completed
    assert store.get(record.trained_in[1].id).status is Status.cancelled
    assert stopped.triaged_in == (None,) * 4
    with pytest.raises(Conflict, match="cancelled already"):
        store.treatments.cancel(record.id)
    again = store.treatments.resume(record.id)
    assert (again.status, again.finished_at) == (RUNNING, None)
    assert again.trained_in[0].id == record.trained_in[0].id  # what is completed is kept
    needed = store.treatments.save(again, again.treatment, RUNNING)
    assert len(needed) == 3
    with pytest.raises(Conflict, match="is running"):
        store.treatments.resume(record.id)


def test_an_experiment_has_one_running_treatment(store):
    record, _ = begun(store)
    with pytest.raises(Conflict, match=str(record.id)):
        store.treatments.add(record.experiment_id, TreatmentRequest(), a_treatment([ADAM]))
    store.treatments.cancel(record.id)
    other, _ = store.treatments.add(record.experiment_id, TreatmentRequest(), a_treatment([ADAM]))
    with pytest.raises(Conflict, match=str(other.id)):
        store.treatments.resume(record.id)


def test_pages_are_newest_first(store):
    record, _ = begun(store)
    store.treatments.cancel(record.id)
    other, _ = store.treatments.add(record.experiment_id, TreatmentRequest(), a_treatment([ADAM]))
    first = store.treatments.page(record.experiment_id, limit=1)
    assert [each.id for each in first.treatments] == [other.id]
    second = store.treatments.page(record.experiment_id, limit=1, before=first.next)
    assert ([each.id for each in second.treatments], second.next) == ([record.id], None)


def test_with_the_experiment_its_treatments_go_and_what_they_wait_for_is_cancelled(store):
    record, _ = begun(store)
    store.delete(record.experiment_id)
    with pytest.raises(NotFound, match="There is no treatment"):
        store.treatments.get(record.id)
    assert {each.status for each in store.page(limit=10).experiments} == {Status.cancelled}
    assert len(store.page(limit=10).experiments) == 2  # the triages are gone


def test_what_does_not_exist_is_not_found(store):
    for ask in (store.treatments.get, store.treatments.cancel, store.treatments.resume):
        with pytest.raises(NotFound, match="There is no treatment"):
            ask(uuid4())
    with pytest.raises(NotFound, match="There is no experiment"):
        store.treatments.page(uuid4(), limit=1)
    with pytest.raises(NotFound, match="There is no experiment"):
        store.treatments.add(uuid4(), TreatmentRequest(), a_treatment([ADAM]))


def test_an_error_that_the_database_cannot_take_is_kept_as_far_as_it_can(store):
    record, _ = begun(store)
    store.treatments.save(record, record.treatment, TreatmentStatus.failed, error="nul \x00, half a pair \ud800")
    assert store.treatments.get(record.id).error == "nul \ufffd, half a pair ?"
