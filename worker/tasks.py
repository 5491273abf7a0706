"""The worker's one task. It runs in a child process; only children load TensorFlow."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache, partial
from typing import Any
from uuid import UUID

import structlog
from celery import signals

from core.blobs import BlobStore, open_blobs, shared_blobs
from core.queue import TRAIN, CeleryQueue
from core.store import ExperimentStore
from core.training import environment
from core.use_cases import advancing, diagnoses, experiments, weights
from core.use_cases.samples import SampleLoader
from gradlab.imports import without_garbage_collection
from gradlab.measurement.history import Checkpoint, Chunk
from gradlab.spec import ExperimentSpec
from worker.app import app, settings
from worker.compiling import Ahead, has_cores_to_spare
from worker.costs import Measuring
from worker.deaths import TrainRequest, worker_name
from worker.diagnosing import Diagnosing
from worker.once import once
from worker.place import needs_the_machine, place
from worker.pruning import Pruning
from worker.stopping import stopping
from worker.triages import triages_beside

# Longest time for which a thread of Python keeps a training beside it waiting. Five milliseconds, Python's own, made a
# training beside triages take 1.7 times as long as by itself; these take 1.3 times.
SWITCH_SECONDS = 0.0002

_has_message = threading.Event()  # set once a message has come


@cache
def store() -> ExperimentStore:
    """Return the store of this process."""
    blobs = shared_blobs(settings)
    return ExperimentStore(settings.database, lease=settings.lease, max_attempts=settings.max_attempts, blobs=blobs)


@cache
def storage() -> BlobStore:
    """Return the storage of this process."""
    return open_blobs(settings)


@once
def trainer() -> experiments.Trainer:
    """Return the trainer. What it loads takes some seconds, so that this comes before the claim and its lease."""
    sys.setswitchinterval(SWITCH_SECONDS)
    environment.prepare(settings.compile_cache, settings.device)
    with without_garbage_collection():
        import sklearn.datasets  # noqa: F401  # draws most samples, 1.2 s of a processor; after Keras, which would load it

        from core.training.train import train

    def trained(spec: ExperimentSpec, resume: Checkpoint | None) -> Iterator[Chunk]:
        given = weights.load(spec, store=store(), blobs=storage())
        seconds = settings.chunk.total_seconds()
        # No name here holds the samples: the training gives up what it does not need of them.
        yield from train(spec, resume, samples=loader()(spec.dataset), weights=given, chunk_seconds=seconds)

    return trained


@cache
def loader() -> SampleLoader:
    """Return the loader of samples of this process."""
    return SampleLoader(store(), storage())


@cache
def measuring() -> Measuring:
    """Return the trainer that records the costs of its trainings."""
    return Measuring(trainer(), store())


@cache
def ahead() -> Ahead:
    """Return the compilation of programs ahead in this process."""
    return Ahead(store(), loader(), settings)


@cache
def queue() -> CeleryQueue:
    """Return the queue of this process."""
    return CeleryQueue(settings)


def held() -> frozenset[str]:
    """Return the hashes of the architectures whose programs this process has compiled."""
    trainer()
    from core.training import program_cache

    return program_cache.held()


@app.task(name=TRAIN, Request=TrainRequest)  # type: ignore[untyped-decorator]
def train_experiment(experiment_id: str) -> None:
    """Train the experiment of a message, unless another worker does; or, if it yields to others, what waits first."""
    _has_message.set()
    for it in experiments.choices(UUID(experiment_id), store=store(), held=held):
        if _train_in_place(it) or stopping():
            return


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def get_ready(**_: Any) -> None:
    """Load what trainings need, and compile what is asked for most often, while no message has come."""
    threading.Thread(target=_get_ready, daemon=True, name="get-ready").start()


def _get_ready() -> None:
    def stop() -> bool:
        return _has_message.is_set() or stopping()

    ahead().at_start(stop, trainer)


def _train_in_place(it: UUID) -> bool:
    """Train an experiment, with other work beside it unless it has to be alone. Return True if it was claimed."""
    train = Diagnosing(Pruning(measuring(), it, store()), it, store())
    alone = needs_the_machine(it, store=store(), stopping=stopping)
    with ExitStack() as beside:
        beside.enter_context(place(settings.data_dir, alone=alone, stopping=stopping))
        if not alone:
            # Costs of triages are not recorded: the measured peak of memory is that of the whole process.
            triage = partial(_train, train=trainer())
            beside.enter_context(triages_beside(it, triage, store=store(), settings=settings))
            if has_cores_to_spare(settings) and not measuring().measures_memory:
                beside.enter_context(ahead().beside(it))
        return _train(it, train)


def _train(experiment_id: UUID, train: experiments.Trainer) -> bool:
    """Train an experiment, unless another worker does, and advance what waits for it. Return True if it was claimed."""
    with structlog.contextvars.bound_contextvars(experiment_id=str(experiment_id)):
        claimed = experiments.run(
            experiment_id,
            store=store(),
            train=train,
            worker=worker_name(os.getpid()),
            stopping=stopping,
            checkpoint_every=settings.checkpoint_every,
            versions=environment.versions(),
            load=loader(),
        )
        if not stopping():
            diagnoses.attempt(experiment_id, store=store())
            advancing.advance_with(experiment_id, store=store(), queue=queue())
        return claimed
