"""Trainings elsewhere in the store: what is sent is kept once, in order, or not at all."""

from datetime import timedelta

import numpy as np
import pytest

from core.records import Filters, StoredSummary
from gradlab.diagnosis.summary import DiagnosisSummary
from gradlab.errors import Conflict, Misplaced, NotFound
from gradlab.measurement.history import History
from gradlab.schemas.status import Status
from tests.builders import a_spec, an_external_spec, measured

SPEC = an_external_spec(epochs=6, seeds=(3, 8), record={"gradients": 1, "weights": 2})
SILENCE = timedelta(minutes=5)


@pytest.fixture
def it(store):
    return store.add(SPEC)[0].id


def sent(first_epoch, epochs, seed=3):
    return measured(SPEC, seed, first_epoch, epochs)


def test_it_runs_from_the_start_and_nobody_here_ever_takes_it(store, clock, requeue_after, it):
    begun = store.get(it)
    assert (begun.status, begun.started_at, begun.lease_until) == (Status.running, clock.now, clock.now + SILENCE)
    assert (begun.epochs_done, begun.epochs_total, begun.attempt) == (0, 12, 0)
    for _ in range(3):
        assert store.claim(it, worker="one") is None
        assert store.due(requeue_after=requeue_after) == []
        clock.forward(timedelta(days=1))
    assert store.get(it).status is Status.running
    assert store.get(it).lease_until < clock.now


def test_what_is_sent_is_kept_bit_for_bit_and_extends_the_time(store, clock, it):
    history = sent(1, 4)
    history.metrics[2, 0], history.series["gradients"][1, 0, :3] = np.inf, [np.nan, np.inf, -np.inf]
    clock.forward(timedelta(minutes=2))
    before = store.revision(it)
    after = store.external.receive(it, 3, history)
    assert (after.runs[0].epochs_done, after.runs[1].epochs_done) == (4, 0)
    assert after.lease_until == clock.now + SILENCE
    assert after.revision > before
    store.external.receive(it, 3, sent(5, 1))
    metrics, gradients, weights = (
        store.metrics(it)[3],
        *(store.series(it, kind)[3] for kind in ("gradients", "weights")),
    )
    assert metrics.epochs.tolist() == gradients.epochs.tolist() == [1, 2, 3, 4, 5]
    assert weights.epochs.tolist() == [2, 4]
    assert metrics.values[:4].tobytes() == history.metrics.tobytes()
    assert gradients.values[:4].tobytes() == history.series["gradients"].tobytes()
    assert weights.values.tobytes() == history.series["weights"].tobytes()


def test_the_same_again_changes_nothing_and_more_of_it_adds_what_is_new(store, it):
    for history in (sent(1, 3), sent(1, 3), sent(2, 1), sent(2, 4), sent(1, 5)):
        store.external.receive(it, 3, history)
    whole = sent(1, 5)
    assert store.metrics(it)[3].values.tobytes() == whole.metrics.tobytes()
    for kind, values in whole.series.items():
        assert store.series(it, kind)[3].values.tobytes() == values.tobytes()


def test_a_gap_or_other_values_are_refused_with_what_is_expected_and_nothing_is_kept(store, it):
    with pytest.raises(Misplaced, match="from_epoch: expected 0 or 1, the next epoch; received 2"):
        store.external.receive(it, 3, sent(2, 2))
    store.external.receive(it, 3, sent(1, 3))
    before = store.get(it)
    with pytest.raises(Misplaced, match="from_epoch: expected 4, the next epoch; received 5"):
        store.external.receive(it, 3, sent(5, 1))
    other = sent(2, 4)
    other.metrics[1, 2] += 1
    with pytest.raises(Misplaced, match="metrics, epoch 3: expected from_epoch 4, or the metrics of epoch 3 as they"):
        store.external.receive(it, 3, other)
    other = sent(1, 6)
    other.series["weights"][0, 0, 0] = np.nan
    with pytest.raises(Misplaced, match="weights, epoch 2"):
        store.external.receive(it, 3, other)
    with pytest.raises(Misplaced, match="from_epoch: expected 4, the next epoch; received 0"):
        store.external.receive(it, 3, sent(0, 6))
    assert store.get(it) == before
    assert store.metrics(it)[3].epochs.tolist() == [1, 2, 3]


def test_epoch_0_may_come_and_a_training_that_goes_on_begins_where_it_does(store, it):
    store.external.receive(it, 3, sent(0, 2))
    assert store.metrics(it)[3].epochs.tolist() == [0, 1]
    resumed = store.add(an_external_spec(epochs=20, initial_epoch=10))[0].id
    with pytest.raises(Misplaced, match="expected 10 or 11"):
        store.external.receive(resumed, 0, measured(an_external_spec(), 0, 1, 1))
    store.external.receive(resumed, 0, measured(an_external_spec(), 0, 11, 2))
    assert store.get(resumed).runs[0].epochs_done == 12


def test_nothing_is_a_sign_of_life(store, clock, it):
    nothing = {each.kind: np.zeros((0, *each.shape), np.float32) for each in SPEC.layout.series}
    clock.forward(timedelta(minutes=9))
    empty = np.zeros((0, len(SPEC.metrics)), np.float32)
    assert store.external.receive(it, 3, History(SPEC.layout, 1, empty, nothing)).lease_until == clock.now + SILENCE
    store.external.receive(it, 3, sent(1, 2))
    clock.forward(timedelta(minutes=9))
    assert store.external.receive(it, 3, History(SPEC.layout, 3, empty, nothing)).lease_until == clock.now + SILENCE
    assert store.get(it).runs[0].epochs_done == 2


def test_with_its_last_run_it_ends(store, clock, it):
    store.external.receive(it, 3, sent(1, 6))
    store.external.receive(it, 8, sent(1, 4, seed=8))
    for _ in range(2):
        assert store.external.end(it, 3, None).status is Status.running
    with pytest.raises(Conflict, match="has ended already, as completed"):
        store.external.end(it, 3, "no")
    ended = store.external.end(it, 8, None)
    assert (ended.status, ended.finished_at, ended.lease_until, ended.error) == (
        Status.completed,
        clock.now,
        None,
        None,
    )
    assert [run.stopped_by for run in ended.runs] == [None, "early_stopping"]
    assert len(store.summaries(it)[8]) == len(SPEC.layout["gradients"].tensors)
    with pytest.raises(Conflict, match="The run with the seed 8 has ended"):
        store.external.receive(it, 8, sent(5, 1, seed=8))
    assert store.external.receive(it, 8, sent(2, 3, seed=8)) == ended, "an answer may have been lost"


def test_a_run_that_fails_or_diverges_says_so(store, it):
    store.external.end(it, 8, "ValueError: \x00 no")
    lost = sent(1, 2)
    lost.metrics[1, 0] = np.nan
    store.external.receive(it, 3, lost)
    ended = store.external.end(it, 3, None)
    assert (ended.status, ended.error) == (Status.failed, "seed 8: ValueError: \ufffd no")
    assert [(run.stopped_by, run.error) for run in ended.runs] == [("nonfinite", None), (None, "ValueError: \ufffd no")]


def test_a_run_that_has_ended_goes_on_and_its_experiment_with_it(store, clock, it):
    store.external.end(it, 8, "out of memory")
    store.external.receive(it, 3, sent(1, 4))
    assert store.external.end(it, 3, None).status is Status.failed
    store.verdicts.put(it, StoredSummary(DiagnosisSummary("ill", None, None, "certain", 0), "rules"))
    before = store.get(it)
    again = store.external.resume(it, 3, None, 9)
    assert (again.status, again.finished_at, again.error) == (Status.running, None, "seed 8: out of memory")
    assert again.lease_until == clock.now + SILENCE
    assert (again.runs[0].ended, again.runs[0].stopped_by, again.runs[0].epochs_done) == (False, None, 4)
    assert (again.spec.epochs, again.runs[1].ended) == (9, True)
    assert again.revision > before.revision
    assert again.diagnosis is None, "it was that of the training before"
    assert not store.summaries(it), "a run that goes on has no summaries yet"
    assert store.external.resume(it, 3, 4, 9).runs == again.runs, "an answer may have been lost"
    store.external.receive(it, 3, sent(5, 5))
    assert store.metrics(it)[3].values.tobytes() == sent(1, 9).metrics.tobytes()
    assert store.external.end(it, 3, None).status is Status.failed
    assert store.external.resume(it, 8, None, None).error is None


def test_a_run_that_goes_on_from_an_earlier_epoch_drops_the_later_ones(store, it):
    store.external.receive(it, 3, sent(0, 6))
    resumed = store.external.resume(it, 3, 3, None).runs[0]
    assert resumed.epochs_done == 3
    assert resumed.final_metrics["loss"] == pytest.approx(float(sent(3, 1).metrics[0, 0]))
    other = sent(4, 2)
    other.metrics[:] += 1
    store.external.receive(it, 3, other)
    assert store.metrics(it)[3].epochs.tolist() == [0, 1, 2, 3, 4, 5]
    assert store.metrics(it)[3].values[4:].tobytes() == other.metrics.tobytes()
    assert store.series(it, "weights")[3].epochs.tolist() == [0, 2, 4]
    for after in (6, 100):
        with pytest.raises(Misplaced, match=f"after: expected an epoch from 0 to 5, the last stored one; .*{after}"):
            store.external.resume(it, 3, after, None)
    assert store.external.resume(it, 8, 0, None).runs[1].final_metrics is None
    with pytest.raises(Misplaced, match="after: expected 0; received 1"):
        store.external.resume(it, 8, 1, None)


def test_what_was_cancelled_or_is_trained_here_does_not_go_on(store, it):
    store.cancel(it)
    with pytest.raises(Conflict, match="was cancelled: it does not go on"):
        store.external.resume(it, 3, None, None)
    with pytest.raises(Conflict, match="is trained by this service"):
        store.external.resume(store.add(a_spec())[0].id, 0, None, None)


def test_its_sender_is_told_that_it_was_cancelled_and_that_it_is_gone(store, it):
    store.external.receive(it, 3, sent(1, 2))
    assert store.cancel(it).status is Status.cancelled
    for again in (sent(3, 1), sent(1, 2)):
        with pytest.raises(Conflict, match="was cancelled: it accepts no more epochs"):
            store.external.receive(it, 3, again)
    with pytest.raises(Conflict, match="is cancelled already"):
        store.external.end(it, 3, None)
    assert set(store.summaries(it)) == {3}
    with pytest.raises(Conflict):
        store.cancel(it)
    store.delete(it)
    with pytest.raises(NotFound):
        store.external.receive(it, 3, sent(3, 1))


def test_only_a_training_elsewhere_is_sent_anything_and_only_for_its_seeds(store, it):
    ours = store.add(a_spec())[0].id
    with pytest.raises(Conflict, match="is trained by this service"):
        store.external.receive(ours, 0, measured(a_spec(), 0, 1, 1))
    with pytest.raises(Conflict, match="is trained by this service"):
        store.external.end(ours, 0, None)
    with pytest.raises(NotFound, match="no run with the seed 5; the seeds are 3, 8"):
        store.external.receive(it, 5, sent(1, 1))


def test_a_key_makes_one_experiment_of_it_and_names_are_found(store):
    first, new = store.add(SPEC, idempotency_key="key")
    again, other = store.add(SPEC, idempotency_key="key")
    assert (first.id, new, other) == (again.id, True, False)
    with pytest.raises(Conflict):
        store.add(a_spec(), idempotency_key="key")
    assert [each.id for each in store.page(limit=5, filters=Filters(search="elsewh")).experiments] == [first.id]
