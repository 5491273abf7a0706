"""Real workers, real trainings: whatever dies, every experiment ends once, and with the bits of an undisturbed one."""

import os
import random
import signal
import time
from itertools import count
from uuid import UUID

import pytest

from core.use_cases import experiments, treatments
from gradlab.errors import Unavailable
from gradlab.schemas.status import Status, TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest
from gradlab.spec import ExperimentSpec
from tests.acceptance.test_treatment import INITIALIZER, on_seeds
from tests.builders import a_spec
from tests.campaigns import one_in
from tests.servers import wait_until
from tests.workers import Lab, Worker, in_training

AT_ONCE = 3


@pytest.fixture
def empty_broker(lab: Lab, request: pytest.FixtureRequest):
    """Loses every message."""

    def empty() -> None:
        if lab.settings.broker_url:
            request.getfixturevalue("redis_server").empty()
        else:
            for message in (lab.settings.broker_dir / "messages").iterdir():
                message.unlink(missing_ok=True)

    return empty


def a_training_of_seconds(number: int = 0, seconds: float = 3) -> ExperimentSpec:
    """One network, so that it is compiled once; other weights and samples for each number. About 0.4 ms an epoch."""
    return a_spec(epochs=int(1000 * seconds), seeds=(2 * number, 2 * number + 1), layers=3, units=5)


def in_two_groups(number: int, seconds: float) -> ExperimentSpec:
    """The same for as many seeds as two groups have, which train at a time."""
    return a_spec(epochs=int(400 * seconds), seeds=range(100 * number, 100 * number + 12), layers=3, units=5)


def submit(lab: Lab, spec: ExperimentSpec):
    return experiments.submit(spec, store=lab.store, queue=lab.queue, settings=lab.settings)[0].id


def has_the_bits_of(lab: Lab, ids, wanted) -> bool:
    for it, runs in zip(ids, wanted, strict=True):
        for seed, undisturbed in runs.items():
            for kind, values in undisturbed.items():
                assert lab.store.series(it, kind)[seed].values.tobytes() == values.tobytes()
    return True


def outcomes(lab: Lab, it) -> list[str | None]:
    """The outcomes of an experiment's attempts."""
    return [attempt.outcome for attempt in lab.store.attempts(it)]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("lab", one_in(2, ["deployed", "embedded"]), indirect=True)
@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.campaign)])
def test_workers_killed_at_random_moments_or_told_to_stop_lose_nothing(lab, empty_broker, kills):
    moments, numbers = random.Random(20), count()
    specs: dict = {}

    def keep_busy() -> None:
        unfinished = [it for it in specs if not lab.store.get(it).status.is_finished]
        for number in [next(numbers) for _ in range(AT_ONCE - len(unfinished))]:
            spec = (in_two_groups if number % 2 else a_training_of_seconds)(number, seconds=2.5)
            # The second one is added by somebody who dies before its message is published.
            it = lab.store.add(spec)[0].id if number == 1 else submit(lab, spec)
            specs[it] = spec

    workers = [lab.start_worker(), lab.start_worker()]
    for kill in range(kills):
        keep_busy()
        wait_until(lambda: any(in_training(lab, worker) for worker in workers), every=0.1)
        time.sleep(moments.uniform(0, 1))  # the moment itself, not a wait for something
        if kill == kills // 2:
            empty_broker()
        # Most kills meet a worker that trains, some one that starts, loads or waits.
        training = [i for i, worker in enumerate(workers) if in_training(lab, worker)]
        which = moments.choice(training if training and moments.random() < 0.8 else range(len(workers)))
        workers[which].kill()
        workers[which] = lab.start_worker()

    # One that is told to stop in training gives back at once what it had, and another goes on.
    at_begin: list[Worker] = []

    def begun() -> bool:
        at_begin[:] = [worker for worker in workers if in_training(lab, worker, before=0.5)]
        return bool(at_begin)

    released: list[UUID] = []
    for _ in range(3):  # on a busy machine the training may end before its worker hears of it
        keep_busy()
        wait_until(begun, every=0.1)
        assert at_begin[0].terminate() == 0
        workers.remove(at_begin[0])
        released = [it for it in specs if "released" in outcomes(lab, it)]
        if released:
            break
        workers.append(lab.start_worker())
    assert len(released) == 1

    for it in specs:
        lab.wait_for(it, Status.completed, Status.failed)
    for it in specs:
        done = lab.store.get(it)
        assert (done.status, done.epochs_done) == (Status.completed, done.epochs_total), done.error
        assert outcomes(lab, it).count("completed") == 1
    assert sum(outcomes(lab, it).count("lost") for it in specs) >= kills // 2
    assert has_the_bits_of(lab, specs, lab.undisturbed(specs.values()))


@pytest.mark.parametrize("lab", one_in(2, ["embedded", "deployed"]), indirect=True)
def test_one_worker_of_a_working_life(lab, empty_broker):
    """One start-up for many claims, told in order."""
    worker = lab.start_worker()
    worker.wait_ready()

    # It loads what trainings need before the first message.
    wait_until(lambda: worker.has_loaded("libtensorflow"))

    # Two deliveries of one id train once.
    short = submit(lab, a_training_of_seconds(seconds=0.2))
    lab.queue.publish(short)
    lab.queue.publish(short)
    lab.wait_for(short, Status.completed)
    lab.queue.publish(short)

    # Cancel takes effect within two seconds of a running chunk, and keeps what was measured.
    long = submit(lab, a_training_of_seconds(seconds=90))
    wait_until(lambda: lab.store.get(long).epochs_done > 1)
    experiments.cancel(long, store=lab.store)
    lab.wait_for(long, Status.cancelled, seconds=2)
    cancelled = lab.store.get(long)
    measured = lab.store.series(long, "gradients", from_epoch=1)
    assert 0 < cancelled.epochs_done == sum(len(rows.epochs) for rows in measured.values()) < cancelled.epochs_total
    assert outcomes(lab, short).count("completed") == 1  # an attempt whose lease ran out is another matter

    # Deleting one that is being trained frees the worker for the next.
    deleted = submit(lab, a_training_of_seconds(seconds=90))
    wait_until(lambda: lab.store.get(deleted).epochs_done > 1)
    experiments.delete(deleted, store=lab.store)

    # A broker that forgets everything, queues included, does not stop a worker that stays up.
    empty_broker()
    after = submit(lab, a_training_of_seconds(seconds=0.2))
    lab.wait_for(after, Status.completed)

    # Idle, it goes when it is told to.
    assert worker.terminate() == 0


@pytest.mark.campaign  # kills of whole workers are above, and in the tests of the service
def test_a_child_that_is_killed_alone_is_replaced_and_its_experiment_goes_on(lab):
    worker = lab.start_worker()
    it = submit(lab, a_training_of_seconds(seconds=4))
    wait_until(lambda: lab.store.get(it).epochs_done > 100, seconds=60)
    os.kill(int(lab.store.get(it).worker.rpartition(":")[2]), signal.SIGKILL)
    lab.wait_for(it, Status.completed)
    assert outcomes(lab, it) == ["lost", "completed"]
    assert worker.terminate() == 0


@pytest.mark.parametrize("lab", one_in(2, ["deployed", "embedded"]), indirect=True)
def test_a_worker_that_is_told_to_stop_while_it_gets_ready_takes_nothing_with_it(lab):
    worker = lab.start_worker()
    it = submit(lab, a_training_of_seconds(seconds=90))
    worker.wait_for("received")  # TensorFlow is being loaded
    assert worker.terminate() == 0
    assert lab.store.get(it).status is Status.queued


def test_a_broker_that_is_away_is_said_soon(lab, tmp_path):
    away = lab.settings.model_copy(update={"broker_url": "redis://127.0.0.1:1/0"})
    queue = type(lab.queue)(away)
    it = lab.store.add(a_spec())[0].id
    for ask in (queue.ping, lambda: queue.publish(it)):
        with pytest.raises(Unavailable, match="The broker does not answer"):
            ask()
    lab.queue.ping()


def test_a_child_that_takes_too_much_memory_is_replaced_between_two_experiments(tmp_path, compiled):
    # On a busy machine compiling outlasts the other tests' lease. An attempt lost for that is no replacement.
    lab = Lab(tmp_path, compiled, WORKER_MEMORY_BYTES="1024", LEASE="PT2M")
    lab.start_worker()
    ids = [submit(lab, a_spec(epochs=2, seeds=(seed,))) for seed in range(2)]
    try:
        for it in ids:
            lab.wait_for(it, Status.completed)
        children = [attempt.worker for it in ids for attempt in lab.store.attempts(it)]
        assert len(set(children)) == len(children) == 2
    finally:
        lab.close()


@pytest.mark.parametrize("lab", ["deployed"], indirect=True)
def test_a_treatment_survives_the_death_of_its_worker(lab: Lab):
    spec = on_seeds(5)
    worker = lab.start_worker()
    ill = experiments.submit(spec, store=lab.store, queue=lab.queue, settings=lab.settings)[0].id
    lab.wait_for(ill, Status.completed)
    asked = TreatmentRequest.model_validate({"remedies": [INITIALIZER], "budget": 1, "seeds": 5})
    begun = treatments.treat(ill, asked, store=lab.store, queue=lab.queue, settings=lab.settings)
    wait_until(lambda: in_training(lab, worker), every=0.1)
    worker.kill()
    lab.start_worker()
    wait_until(lambda: lab.store.treatments.get(begun.id).status is not TreatmentStatus.running, every=0.2)
    record = lab.store.treatments.get(begun.id)
    assert record.status is TreatmentStatus.completed
    assert [trial.stage for trial in record.treatment.trials] == ["finished"] * 3
    assert all(place and place.epochs_done == place.epochs_total for place in record.trained_in)
