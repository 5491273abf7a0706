"""The use-cases, with a training that costs nothing and a queue that only remembers."""

import errno
from datetime import timedelta
from functools import partial
from uuid import uuid4

import numpy as np
import pytest

from core.settings import Settings
from core.store import ExperimentStore
from core.use_cases import experiments
from gradlab.errors import DatabaseTooNew, DiskFull, Invalid, NotFound, Unavailable
from gradlab.schemas.status import Status
from tests.builders import ARCHITECTURE, MINUTE, Bell, a_snapshot, a_spec, a_training, measured

SPEC = a_spec(epochs=6, seeds=(0, 1))
VERSIONS = {"python": "3"}


@pytest.fixture
def store(sqlite_url, clock):
    made = ExperimentStore(sqlite_url, lease=MINUTE, max_attempts=3, clock=clock)
    yield made
    made.close()


@pytest.fixture
def settings():
    return Settings(_env_file=None)


@pytest.fixture
def run(store, clock):
    """Train an experiment the way a worker does."""

    def run(it, train=None, **more):
        wanted = {
            "train": train or a_training(),
            "worker": "one",
            "stopping": lambda: False,
            "checkpoint_every": timedelta(seconds=5),
            "versions": VERSIONS,
            "clock": clock,
            "sleep": lambda seconds: clock.forward(timedelta(seconds=seconds)),
        }
        experiments.run(it, **({"store": store} | wanted | more))
        return store.get(it)

    return run


class Away:
    """A store whose writes fail so many times before they succeed; each is done or not done all the same."""

    def __init__(self, store, *, times, done=False, error=None, writes=("append", "finish", "release")):
        self._store, self._left, self._done = store, times, done
        self._error, self._writes = error or Unavailable("away"), writes

    def __getattr__(self, name):
        method = getattr(self._store, name)
        if name not in self._writes:
            return method

        def write(*args, **kwargs):
            if not self._left:
                return method(*args, **kwargs)
            self._left -= 1
            if self._done:
                method(*args, **kwargs)
            raise self._error

        return write


def test_submit_commits_before_it_publishes(store, settings, sqlite_url):
    def committed(it):
        other = ExperimentStore(sqlite_url, lease=MINUTE, max_attempts=3)
        assert other.get(it).status is Status.queued
        other.close()

    bell = Bell(committed)
    experiment, new = experiments.submit(SPEC, store=store, queue=bell, settings=settings)
    assert new
    assert bell.rung == [experiment.id]


def test_a_submission_repeated_with_its_key_is_not_published_again(store, settings):
    bell = Bell()
    for _ in range(2):
        experiments.submit(SPEC, store=store, queue=bell, settings=settings, idempotency_key="key")
    assert len(bell.rung) == 1


def test_submit_refuses_what_is_beyond_the_bounds(store, settings):
    with pytest.raises(Invalid, match="max_epochs"):
        experiments.submit(a_spec(epochs=settings.max_epochs + 1), store=store, queue=Bell(), settings=settings)
    assert store.page(limit=1).experiments == ()


def test_a_publication_that_fails_is_made_up_for_by_the_sweep(store, settings, requeue_after):
    def broken(it):
        raise Unavailable("no broker")

    experiment, _ = experiments.submit(SPEC, store=store, queue=Bell(broken), settings=settings)
    assert experiments.sweep(store=store, queue=Bell(broken), requeue_after=requeue_after) == 0
    bell = Bell()
    assert experiments.sweep(store=store, queue=bell, requeue_after=requeue_after) == 1
    assert bell.rung == [experiment.id]
    assert experiments.sweep(store=store, queue=bell, requeue_after=requeue_after) == 0


@pytest.mark.slow
def test_run_trains_to_the_end_and_keeps_what_trained_it(store, run, clock):
    done = run(store.add(SPEC)[0].id)
    assert (done.status, done.epochs_done, done.versions, done.error) == (Status.completed, 12, VERSIONS, None)
    for seed in SPEC.seeds:
        np.testing.assert_array_equal(store.metrics(done.id)[seed].values, measured(SPEC, seed, 0, 7).metrics)


def test_a_second_delivery_trains_nothing(store, run):
    trained = []
    train = a_training(before=lambda seed, epoch: trained.append((seed, epoch)))
    it = store.add(SPEC)[0].id
    first = run(it, train)
    assert run(it, train) == first
    assert len(trained) == 8


@pytest.mark.slow
def test_a_delivery_while_another_worker_trains_changes_nothing(store, run):
    it = store.add(SPEC)[0].id
    train = a_training(before=lambda seed, epoch: run(it, worker="two"))
    assert run(it, train).worker == "one"


def test_the_message_of_an_experiment_that_is_gone_is_forgotten(run):
    trained = []
    with pytest.raises(NotFound, match="There is no experiment"):  # said to the test, which looks for it afterwards
        run(uuid4(), a_training(before=lambda seed, epoch: trained.append(epoch)))
    assert not trained


@pytest.mark.slow
def test_checkpoints_are_kept_at_first_then_now_and_then_and_when_a_group_ends(store, run, clock, monkeypatch):
    kept = []
    append = store.append

    def spy(claim, chunk, *, checkpoint, **more):
        if checkpoint:
            kept.append((checkpoint.seed, checkpoint.epoch))
        return append(claim, chunk, checkpoint=checkpoint, **more)

    monkeypatch.setattr(store, "append", spy)
    tick = partial(a_training, length=1, before=lambda seed, epoch: clock.forward(timedelta(seconds=2)))
    run(store.add(SPEC)[0].id, tick())
    assert kept == [(0, 0), (0, 3), (0, 6), (1, 2), (1, 5), (1, 6)]
    kept.clear()
    run(store.add(a_spec(epochs=6, seeds=(0, 1, 2)))[0].id, tick(side_by_side=2, stops={1: 2}))
    assert kept == [(0, 0), (0, 3), (0, 6), (2, 2), (2, 5), (2, 6)], "a run that ends within its group is no reason"


@pytest.mark.slow
def test_networks_are_kept_and_each_attempt_says_once_what_they_are(store, run, clock, monkeypatch):
    said = []
    append = store.append

    def spy(claim, chunk, *, architecture, **more):
        if architecture:
            said.append((claim.attempt, chunk.runs[0].seed, chunk.runs[0].history.first_epoch))
        return append(claim, chunk, architecture=architecture, **more)

    monkeypatch.setattr(store, "append", spy)
    it = store.add(SPEC)[0].id
    stopping = iter([False, False, False, True])
    assert run(it, stopping=lambda: next(stopping)).status is Status.queued
    assert run(it).status is Status.completed
    assert said == [(1, 0, 0), (2, 0, 5)]
    for seed, epoch in ((0, 0), (0, 6), (1, 0), (1, 6)):
        form, found = store.network(it, seed, epoch=epoch)
        assert form == ARCHITECTURE
        assert [each.tobytes() for each in found.values] == [each.tobytes() for each in a_snapshot(seed, epoch).values]


def test_a_crash_of_the_training_is_a_failure_that_keeps_what_was_measured(store, run):
    def crash(seed, epoch):
        if (seed, epoch) == (1, 3):
            raise RuntimeError("XLA said no")

    failed = run(store.add(SPEC)[0].id, a_training(before=crash))
    assert (failed.status, failed.error) == (Status.failed, "RuntimeError: XLA said no")
    assert [run.epochs_done for run in failed.runs] == [6, 2]


def test_a_training_that_breaks_its_promises_fails_rather_than_going_round_in_circles(store, run):
    failed = run(store.add(SPEC)[0].id, lambda spec, checkpoint: iter([*a_training()(SPEC, None)][2:]))
    assert (failed.status, failed.error) == (
        Status.failed,
        "ValueError: epoch 3 would leave a gap behind epoch 0",
    )


def test_cancel_takes_effect_at_the_next_chunk_and_closes_the_training(store, run):
    closed = []

    def train(spec, checkpoint):
        try:
            yield from a_training(before=lambda seed, epoch: epoch == 3 and experiments.cancel(it, store=store))(spec)
        finally:
            closed.append(True)

    it = store.add(SPEC)[0].id
    cancelled = run(it, train)
    assert (cancelled.status, cancelled.epochs_done, closed) == (Status.cancelled, 4, [True])


def test_a_worker_that_is_to_stop_takes_nothing(store, run, requeue_after):
    it = store.add(SPEC)[0].id
    waiting = run(it, stopping=lambda: True)
    assert (waiting.status, waiting.attempt) == (Status.queued, 0)
    assert store.due(requeue_after=requeue_after) == [it]


def test_a_worker_that_is_told_to_stop_gives_back_after_the_chunk_and_another_goes_on(store, run, requeue_after):
    epochs = []
    train = a_training(before=lambda seed, epoch: epochs.append((seed, epoch)))
    it = store.add(SPEC)[0].id
    waiting = run(it, train, stopping=lambda: len(epochs) == 3)
    assert (waiting.status, waiting.epochs_done) == (Status.queued, 4)
    assert store.due(requeue_after=requeue_after) == [it]
    assert run(it, train).status is Status.completed
    assert epochs == [(0, 0), (0, 1), (0, 3), (0, 5), (1, 0), (1, 1), (1, 3), (1, 5)]


@pytest.mark.slow
def test_a_group_is_gone_on_with_as_a_group(store, run):
    epochs = []
    train = a_training(side_by_side=2, stops={1: 3, 2: 1}, before=lambda seed, epoch: epochs.append((seed, epoch)))
    it = store.add(a_spec(epochs=6, seeds=(0, 1, 2, 3)))[0].id
    assert run(it, train, stopping=lambda: len(epochs) == 3).status is Status.queued
    assert run(it, train, stopping=lambda: len(epochs) == 6).status is Status.queued
    completed = run(it, train)
    assert (completed.status, completed.stopped_by) == (Status.completed, "nonfinite")
    assert [(run.epochs_done, run.ended, run.stopped_by) for run in completed.runs] == [
        (6, True, None),
        (3, True, "nonfinite"),
        (1, True, "nonfinite"),
        (6, True, None),
    ]
    assert epochs == [(0, 0), (0, 1), (0, 3), (0, 5), (2, 0), (2, 1), (2, 3), (2, 5)]


def test_deleting_under_way_stops_quietly(store, run):
    trained = []

    def before(seed, epoch):
        trained.append(epoch)
        if epoch == 3:
            experiments.delete(it, store=store)

    it = store.add(SPEC)[0].id
    with pytest.raises(NotFound):
        run(it, a_training(before=before))
    assert trained == [0, 1, 3]


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done, but the answer was lost"])
def test_a_database_that_is_away_for_a_while_costs_nothing(store, run, done):
    completed = run(store.add(SPEC)[0].id, store=Away(store, times=5, done=done))
    assert (completed.status, completed.epochs_done, completed.attempt) == (Status.completed, 12, 1)


@pytest.mark.slow
def test_an_end_whose_answer_was_lost_is_still_the_end(store, run):
    once = a_spec(epochs=2)
    completed = run(store.add(once)[0].id, store=Away(store, times=2, done=True))
    assert (completed.status, completed.attempt) == (Status.completed, 1)


def test_a_database_that_stays_away_is_given_up_within_the_lease_and_another_attempt_follows(store, run, clock):
    slept = []
    it = store.add(SPEC)[0].id
    given_up = run(it, store=Away(store, times=99), sleep=slept.append)
    assert (given_up.status, given_up.epochs_done) == (Status.running, 0)
    assert slept == sorted(slept)
    assert 10 < sum(slept) <= 30
    clock.forward(2 * MINUTE)
    assert run(it).status is Status.completed


@pytest.mark.slow
def test_a_worker_waits_for_room_on_the_disk_however_long_it_takes(store, run, clock):
    begun = clock.now
    completed = run(store.add(SPEC)[0].id, store=Away(store, times=500, error=DiskFull()))
    assert clock.now - begun > 5 * store.lease
    assert (completed.status, completed.attempt, completed.epochs_done) == (Status.completed, 1, 12)


@pytest.mark.slow
def test_an_experiment_whose_message_was_taken_is_claimed_once_the_database_is_back(store, run, clock):
    begun = clock.now
    completed = run(store.add(SPEC)[0].id, store=Away(store, times=500, writes=("claim",)))
    assert clock.now - begun > 5 * store.lease
    assert (completed.status, completed.attempt) == (Status.completed, 1)


def test_a_worker_does_not_wait_for_a_database_that_a_later_version_has_migrated(store, run):
    away = Away(store, times=500, error=DatabaseTooNew("later"), writes=("claim", "append"))
    left = run(store.add(SPEC)[0].id, store=away, sleep=pytest.fail)
    assert (left.status, left.attempt) == (Status.queued, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "x"), RuntimeError("cache.tmp; No space left on device [Op:epochs]")], ids=repr
)
def test_a_training_that_lacks_room_on_a_disk_is_given_back_and_not_held_against_it(store, run, error):
    def train(spec, checkpoint):
        raise error
        yield

    it = store.add(SPEC)[0].id
    for attempt in range(1, 6):
        given_back = run(it, train)
        assert (given_back.status, given_back.attempt, given_back.error) == (Status.queued, attempt, None)
    assert run(it).status is Status.completed


@pytest.mark.parametrize(
    "failure",
    [
        MemoryError("Unable to allocate 9 GiB"),
        RuntimeError("OOM when allocating tensor"),
        RuntimeError("Out of memory: 1"),
    ],
    ids=repr,
)
def test_a_training_that_could_not_have_its_memory_says_what_would_take_less(store, run, failure):
    def train(spec, checkpoint):
        raise failure
        yield

    failed = run(store.add(SPEC)[0].id, train)
    assert failed.status is Status.failed
    assert failed.error.startswith(f"{type(failure).__name__}: {failure}. ")
    assert "What would make it smaller: " in failed.error


def test_a_worker_that_is_to_stop_does_not_wait_for_a_database(store, run):
    told = iter([False, True, True])
    it = store.add(SPEC)[0].id
    assert run(it, store=Away(store, times=99), stopping=lambda: next(told), sleep=pytest.fail).epochs_done == 0
