"""Processes that were killed while they trained: what is said of it, and what becomes of their experiments."""

import signal

import pytest

from core.plan.lighter import advice, lighter
from core.store import Death
from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec
from tests.builders import MINUTE, a_chunk, a_large_spec, a_spec

SMALL = a_spec(epochs=6)
LARGE = a_large_spec()
CERTAIN = Death(signal.SIGKILL, True, 1_234_000_000)
LIKELY = Death(signal.SIGKILL, False, 1_234_000_000)


def killed(store, spec: ExperimentSpec, *deaths: Death):
    """An experiment whose processes died one after another; each had got somewhere."""
    it = store.add(spec)[0].id
    for death in deaths:
        assert store.claim(it, worker="one:7")
        assert store.deaths.requeue_or_fail(worker="one:7", death=death)
    return store.get(it)


def test_the_first_time_it_waits_at_once_for_the_machine(store):
    it = killed(store, LARGE, CERTAIN)
    assert it.status is Status.queued
    assert it.error == (
        f"Attempt 1 was killed by the system for want of memory. It held 1,234 MB when last seen. {advice(LARGE)}"
    )
    assert (
        "MB were estimated beyond TensorFlow's own. What would make it smaller: fewer samples (now 20,000)" in it.error
    )
    assert store.deaths.needs_the_machine(it.id)
    assert store.due(requeue_after=MINUTE) == [it.id]
    assert [(each.outcome, each.error) for each in store.attempts(it.id)] == [("lost", it.error)]


@pytest.mark.parametrize("progress", [False, True])
def test_the_second_time_it_fails_wherever_it_got_to(store, progress):
    it = store.add(LARGE)[0].id
    for worker in ("one:7", "one:8"):
        claim = store.claim(it, worker=worker)
        if progress:
            chunk = a_chunk(LARGE, first_epoch=claim.attempt - 1, epochs=1)
            store.append(claim, chunk, checkpoint=chunk.checkpoint())
        assert store.deaths.requeue_or_fail(worker=worker, death=LIKELY)
    failed = store.get(it)
    assert (failed.status, failed.attempt) == (Status.failed, 2)
    assert failed.error.startswith(
        "It was tried once more, alone, and this happened again. Attempt 2 was killed, most likely"
    )
    assert failed.finished_at is not None
    assert store.claim(it, worker="one:9") is None


def test_a_small_one_that_somebody_kills_is_tried_as_often_as_any(store):
    it = killed(store, SMALL, LIKELY, LIKELY)
    assert it.status is Status.queued
    assert it.error == (
        "Attempt 2 was lost: its process was ended by signal 9 (SIGKILL). It held 1,234 MB when last seen."
    )
    assert not store.deaths.needs_the_machine(it.id)
    failed = killed(store, SMALL, LIKELY, LIKELY, LIKELY)
    assert failed.status is Status.failed
    assert failed.error.startswith("3 attempts in a row got no further. Attempt 3 was lost")


def test_a_small_one_that_the_system_killed_for_memory_is_one_of_those(store):
    assert killed(store, SMALL, CERTAIN, CERTAIN).status is Status.failed


@pytest.mark.parametrize(
    ("death", "said"),
    [
        (Death(signal.SIGSEGV, False, None), "Attempt 1 was lost: its process was ended by signal 11 (SIGSEGV)."),
        (Death(77, False, None), "Attempt 1 was lost: its process was ended by signal 77."),
        (Death(None, False, None), "Attempt 1 was lost: its process exited by itself."),
    ],
)
def test_other_deaths_are_said_as_they_were(death, said):
    assert death.describe(1, LARGE) == said


def test_without_a_size_the_sentence_is_whole():
    told = Death(signal.SIGKILL, False, None).describe(1, LARGE)
    assert "most likely for memory. " in told
    assert "MB were estimated beyond TensorFlow's own. What would make it smaller: " in told
    assert told.endswith(f" {advice(LARGE)}")


def test_only_the_worker_that_had_it_loses_it(store):
    it = store.add(SMALL)[0].id
    assert not store.deaths.requeue_or_fail(worker="one:7", death=LIKELY), "nobody had it"
    store.claim(it, worker="one:8")
    assert not store.deaths.requeue_or_fail(worker="one:7", death=LIKELY), "another has it"
    assert store.get(it).status is Status.running


def test_one_that_was_to_be_cancelled_is(store):
    it = store.add(LARGE)[0].id
    store.claim(it, worker="one:7")
    store.cancel(it)
    store.deaths.requeue_or_fail(worker="one:7", death=CERTAIN)
    assert store.get(it).status is Status.cancelled


def test_what_would_make_a_training_smaller_follows_its_largest_parts():
    def changed(**more):
        return lighter(LARGE.model_copy(update=more))

    assert lighter(LARGE)[0] == "fewer samples (now 20,000)"
    many = changed(training=LARGE.training.model_copy(update={"batch_size": 16_000}))
    assert many[0] == "a smaller batch (now 16,000)"
    assert "fewer seeds at a time (now 8 train side by side)" in lighter(a_spec(seeds=range(32)))
