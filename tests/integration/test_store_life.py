"""The life of an experiment in the store: claims, lost workers, requeueing and cancelling."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest

from core.records import WorkerCommand
from core.store import ExperimentStore, utc_now
from gradlab.errors import ClaimLost, Conflict, NotFound
from gradlab.schemas.status import Status
from tests.builders import MINUTE, a_chunk, a_spec, a_training, an_external_spec, measured

SPEC = a_spec(epochs=6, seeds=(0, 1))


def claimed(store, spec=SPEC):
    it = store.add(spec)[0].id
    claim = store.claim(it, worker="one")
    assert claim
    return it, claim


def stored(store, claim, chunk):
    return store.append(claim, chunk, checkpoint=chunk.checkpoint())


def test_what_is_claimed_cannot_be_claimed_again_until_its_lease_has_run_out(store, clock):
    it, first = claimed(store)
    assert store.claim(it, worker="two") is None
    clock.forward(MINUTE)
    assert store.claim(it, worker="two") is None
    clock.forward(timedelta(seconds=1))
    second = store.claim(it, worker="two")
    assert (first.attempt, second.attempt) == (1, 2)
    assert store.get(it).worker == "two"
    assert "Attempt 1 was lost: worker one" in store.get(it).error
    store.release(second)
    lost, released = store.attempts(it)
    assert (lost.number, lost.worker, lost.outcome, lost.ended_at) == (1, "one", "lost", clock.now)
    assert (released.number, released.worker, released.outcome, released.error) == (2, "two", "released", None)


def test_what_is_slow_by_nature_has_a_longer_lease(store, clock):
    it, claim = claimed(store, deep := a_spec(epochs=5, layers=100))
    assert store.get(it).lease_until - clock.now > 2 * MINUTE, "compiling a hundred layers takes half a minute"
    store.append(claim, a_chunk(deep, first_epoch=0, epochs=1))
    assert store.get(it).lease_until - clock.now > 2 * MINUTE, "the state before training is measured, not yet compiled"
    store.append(claim, a_chunk(deep))
    assert store.get(it).lease_until == clock.now + MINUTE, "it is compiled"
    store.append(claim, a_chunk(deep, first_epoch=3, epochs=3))
    assert store.get(it).lease_until - clock.now > 2 * MINUTE, "the next group's program may be another"
    large = {"kind": "circles", "samples": 100_000, "train_size": 90_000}
    wide = a_spec(epochs=2, layers=3, units=2000, dataset=large)
    it, claim = claimed(store, wide)
    store.append(claim, a_chunk(wide, epochs=1))
    assert store.get(it).lease_until - clock.now > 4 * MINUTE, "an epoch of 1e12 multiply-adds"


@pytest.mark.parametrize("expired", [False, True])
def test_of_many_claims_at_once_one_succeeds(database_url, expired):
    threads, rounds = 4, 8
    together = threading.Barrier(threads)
    an_hour_ago = utc_now() - 60 * MINUTE
    first = ExperimentStore(database_url, lease=MINUTE, max_attempts=99, clock=lambda: an_hour_ago)
    ids = [first.add(SPEC)[0].id for _ in range(rounds)]
    if expired:
        assert all(first.claim(it, worker="dead") for it in ids)
    first.close()

    def claim_all(name: int):
        store = ExperimentStore(database_url, lease=MINUTE, max_attempts=99)
        found = []
        for it in ids:
            together.wait()
            found.append(store.claim(it, worker=str(name)))
        store.close()
        return found

    with ThreadPoolExecutor(threads) as pool:
        claims = list(zip(*pool.map(claim_all, range(threads)), strict=True))
    assert [sum(claim is not None for claim in of_one) for of_one in claims] == [1] * rounds


def test_a_zombie_can_write_nothing(store, clock):
    it, zombie = claimed(store)
    stored(store, zombie, a_chunk(SPEC))
    clock.forward(2 * MINUTE)
    heir = store.claim(it, worker="two")
    stored(store, heir, a_chunk(SPEC, first_epoch=3))
    before = store.get(it)
    for write in (
        lambda: store.append(zombie, a_chunk(SPEC, first_epoch=3)),
        lambda: store.finish(zombie, Status.completed),
        lambda: store.release(zombie),
    ):
        with pytest.raises(ClaimLost):
            write()
    assert store.get(it) == before


def test_a_worker_that_is_late_but_not_replaced_may_go_on(store, clock):
    it, claim = claimed(store)
    clock.forward(2 * MINUTE)
    assert store.append(claim, a_chunk(SPEC)) is WorkerCommand.continue_
    assert store.get(it).lease_until == clock.now + MINUTE


def test_the_next_attempt_goes_on_from_the_checkpoint_and_drops_what_lies_beyond(store, clock):
    it, first = claimed(store)
    assert first.checkpoint is None
    stored(store, first, a_chunk(SPEC, first_epoch=1, epochs=3))
    store.append(first, a_chunk(SPEC, first_epoch=4, epochs=3))
    store.append(first, a_chunk(SPEC, seed=1, first_epoch=1, epochs=2))
    assert list(store.summaries(it)) == [0]
    clock.forward(2 * MINUTE)
    second = store.claim(it, worker="two")
    assert (second.checkpoint.seed, second.checkpoint.epoch, second.spec) == (0, 3, SPEC)
    store.append(second, a_chunk(SPEC, first_epoch=4, epochs=1))
    assert [run.epochs_done for run in store.get(it).runs] == [4, 0]
    assert [run.ended for run in store.get(it).runs] == [False, False]
    assert len(store.metrics(it)[1].epochs) == 0
    assert store.summaries(it) == {}
    np.testing.assert_array_equal(store.series(it, "gradients")[0].values, measured(SPEC, 0, 1, 4).series["gradients"])


def test_a_block_that_reaches_over_the_checkpoint_is_cut(store, clock):
    it, first = claimed(store)
    store.append(first, a_chunk(SPEC, epochs=5))
    clock.forward(2 * MINUTE)
    second = store.claim(it, worker="two")
    store.append(second, a_chunk(SPEC, first_epoch=3, epochs=1))
    np.testing.assert_array_equal(store.metrics(it)[0].values, measured(SPEC, 0, 1, 3).metrics)


def test_an_experiment_that_kills_its_workers_fails_after_so_many_fruitless_attempts(store, clock, requeue_after):
    it, _ = claimed(store)
    for _ in range(2):
        clock.forward(2 * MINUTE)
        claim = store.claim(it, worker="next")
    store.append(claim, a_chunk(SPEC, epochs=1))  # measured, but no checkpoint
    clock.forward(2 * MINUTE)
    assert store.claim(it, worker="next") is None, "the fourth attempt"
    assert store.due(requeue_after=requeue_after) == []
    failed = store.get(it)
    assert (failed.status, failed.finished_at, failed.epochs_done) == (Status.failed, clock.now, 1)
    assert failed.error.startswith("3 attempts in a row got no further. Attempt 3 was lost: worker next")
    assert list(store.summaries(it)) == [0]


def test_attempts_that_get_further_are_not_held_against_an_experiment(store, clock):
    it, claim = claimed(store)
    for epoch in range(1, 6):
        stored(store, claim, a_chunk(SPEC, first_epoch=epoch, epochs=1))
        clock.forward(2 * MINUTE)
        claim = store.claim(it, worker="next")
        assert claim.attempt == epoch + 1


def test_a_checkpoint_that_is_not_further_does_not_count(store, clock):
    it, claim = claimed(store)
    for _ in range(4):
        stored(store, claim, a_chunk(SPEC, epochs=2))
        clock.forward(2 * MINUTE)
        last, claim = claim, store.claim(it, worker="next") or claim
    assert last.attempt == claim.attempt == 4, "the first brought fruit, three did not"


def test_giving_back_is_not_held_against_an_experiment(store, clock):
    it = store.add(SPEC)[0].id
    for attempt in range(1, 8):
        claim = store.claim(it, worker="one")
        assert claim.attempt == attempt
        store.release(claim)
    waiting = store.get(it)
    assert (waiting.status, waiting.lease_until, waiting.error) == (Status.queued, None, None)


def test_the_sweep_calls_for_the_dead_workers_experiments_at_once(store, clock, requeue_after):
    it, claim = claimed(store)
    assert store.due(requeue_after=requeue_after) == []
    clock.forward(2 * MINUTE)
    assert store.due(requeue_after=requeue_after) == [it]
    assert store.get(it).status is Status.queued
    assert store.due(requeue_after=requeue_after) == []
    with pytest.raises(ClaimLost):
        store.append(claim, a_chunk(SPEC))


def test_what_waits_too_long_is_published_again_ever_more_rarely(store, clock, requeue_after):
    it = store.add(SPEC)[0].id
    pauses, seconds = [], 0
    while len(pauses) < 6:
        clock.forward(timedelta(seconds=1))
        seconds += 1
        if store.due(requeue_after=requeue_after):
            pauses, seconds = [*pauses, seconds], 0
    assert pauses == [31, 61, 121, 241, 241, 241]
    assert store.claim(it, worker="one")


def test_given_back_or_unpublished_is_due_at_once(store, requeue_after):
    it, claim = claimed(store)
    store.release(claim)
    assert store.due(requeue_after=requeue_after) == [it]
    store.not_published([it])
    assert store.due(requeue_after=requeue_after) == [it]


def test_due_takes_the_oldest_first_and_no_more_than_asked(store, clock, requeue_after):
    ids = [store.add(SPEC)[0].id for _ in range(5)]
    clock.forward(MINUTE)
    assert [store.due(requeue_after=requeue_after, limit=2) for _ in range(4)] == [ids[:2], ids[2:4], ids[4:], []]


def test_two_sweeps_at_once_publish_each_experiment_once(database_url, requeue_after):
    stores = [ExperimentStore(database_url, lease=MINUTE, max_attempts=3) for _ in range(3)]
    ids = [stores[0].add(SPEC)[0].id for _ in range(20)]
    stores[0].not_published(ids)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda store: store.due(requeue_after=requeue_after), stores))
    for store in stores:
        store.close()
    assert sorted(it for part in found for it in part) == sorted(ids)


def test_a_waiting_experiment_is_cancelled_at_once(store, clock):
    it = store.add(SPEC)[0].id
    cancelled = store.cancel(it)
    assert (cancelled.status, cancelled.finished_at, cancelled.revision) == (Status.cancelled, clock.now, 2)
    assert store.claim(it, worker="one") is None


def test_a_running_experiment_is_cancelled_by_its_worker_and_keeps_what_was_measured(store):
    it, claim = claimed(store)
    assert store.append(claim, a_chunk(SPEC)) is WorkerCommand.continue_
    asked = store.cancel(it)
    assert (asked.status, asked.cancel_requested) == (Status.running, True)
    assert store.cancel(it) == asked, "asking twice changes nothing"
    assert store.append(claim, a_chunk(SPEC, first_epoch=3)) is WorkerCommand.cancel
    store.finish(claim, Status.cancelled)
    assert store.get(it).epochs_done == 4
    assert list(store.summaries(it)) == [0]
    with pytest.raises(Conflict, match="cancelled already"):
        store.cancel(it)


@pytest.mark.parametrize("end", [Status.completed, Status.failed])
def test_a_finished_experiment_cannot_be_cancelled(store, end):
    it, claim = claimed(store)
    store.finish(claim, end, error="broken" if end is Status.failed else None)
    with pytest.raises(Conflict, match=f"{end} already"):
        store.cancel(it)


def test_cancel_does_not_wait_for_a_dead_worker(store, clock, requeue_after):
    it, _ = claimed(store)
    other, _ = claimed(store)
    store.cancel(other)
    clock.forward(2 * MINUTE)
    assert store.cancel(it).status is Status.cancelled
    assert store.claim(other, worker="two") is None
    assert store.due(requeue_after=requeue_after) == []
    assert store.get(other).status is Status.cancelled


def test_cancel_that_comes_while_a_worker_gives_back_is_not_lost(store):
    it, claim = claimed(store)
    store.cancel(it)
    store.release(claim)
    assert store.get(it).status is Status.cancelled


def test_deleting_stops_the_worker_at_its_next_chunk(store):
    it, claim = claimed(store)
    stored(store, claim, a_chunk(SPEC))
    store.delete(it)
    with pytest.raises(ClaimLost):
        stored(store, claim, a_chunk(SPEC, first_epoch=3))
    with pytest.raises(NotFound):
        store.get(it)


def test_errors_may_say_anything(store):
    it, claim = claimed(store)
    store.finish(claim, Status.failed, error="a NUL \x00, half a pair \ud800" + "!" * 10_000)
    assert store.get(it).error.startswith("a NUL \ufffd, half a pair ?!!!")


def test_a_whole_training_is_stored_bit_for_bit(store):
    it, claim = claimed(store)
    for chunk in a_training(length=4)(SPEC, None):
        stored(store, claim, chunk)
    store.finish(claim, Status.completed)
    for seed in SPEC.seeds:
        whole = measured(SPEC, seed, 0, 7)
        for kind, values in whole.series.items():
            assert store.series(it, kind)[seed].values.tobytes() == values.tobytes()


def test_what_is_overdue_for_an_idle_worker_does_not_wait_twice_as_long_each_time(store, clock):
    lost = store.add(SPEC)[0].id
    for _ in range(6):  # messages that all got lost
        clock.forward(60 * MINUTE)
        assert store.due(requeue_after=MINUTE) == [lost]
    clock.forward(timedelta(seconds=6))
    assert store.due(requeue_after=MINUTE) == []
    assert store.due(requeue_after=timedelta(seconds=5), patient=False) == [lost]
    assert store.due(requeue_after=timedelta(seconds=5), patient=False) == [], "it has just been sent"


def test_waiting_triages_are_the_experiments_of_no_epochs_that_nobody_has_taken_oldest_first(store):
    triage = a_spec(epochs=0)
    first, training, cancelled, taken, second = (
        store.add(each)[0].id for each in (triage, SPEC, triage, triage, triage)
    )
    store.add(an_external_spec())
    store.cancel(cancelled)
    assert store.claim(taken, worker="one")
    assert store.waiting_triages() == [first, second]
    assert store.waiting_triages(limit=1) == [first]
    assert store.get(training).status is Status.queued
