"""The one task. It runs in a child, the only place that loads TensorFlow."""

import os
from contextlib import nullcontext
from functools import cache, partial
from uuid import UUID

import structlog

from core.queue import TRAIN, CeleryQueue
from core.store import ExperimentStore
from core.training import environment
from core.use_cases import experiments, treatments
from worker.app import app, settings
from worker.costs import Measuring
from worker.deaths import TrainRequest, worker_name
from worker.place import needs_the_machine, place
from worker.stopping import stopping
from worker.triages import triages_beside


@cache
def store() -> ExperimentStore:
    """This process's door to the database."""
    return ExperimentStore(settings.database, lease=settings.lease, max_attempts=settings.max_attempts)


@cache
def trainer() -> experiments.Trainer:
    """Load TensorFlow, once in this process: some seconds, so it comes before the claim and its lease."""
    environment.prepare(settings.compile_cache)
    from core.training.train import train

    return partial(train, chunk_seconds=settings.chunk.total_seconds())


@cache
def measuring() -> experiments.Trainer:
    """The same, recording what trainings take."""
    return Measuring(trainer(), store())


@cache
def queue() -> CeleryQueue:
    """This process's bell."""
    return CeleryQueue(settings)


@app.task(name=TRAIN, Request=TrainRequest)  # type: ignore[untyped-decorator]
def train_experiment(experiment_id: str) -> None:
    """Train an experiment, unless somebody else does, and look at other networks beside it if it may have company."""
    it, train = UUID(experiment_id), measuring()
    alone = needs_the_machine(it, store=store(), stopping=stopping)
    # What looks beside it take is not recorded: the peak of memory that is measured is the whole process's.
    look = partial(_train, train=trainer())
    looks = nullcontext() if alone else triages_beside(it, look, store=store(), settings=settings)
    with place(settings.data_dir, alone=alone, stopping=stopping), looks:
        _train(it, train)


def _train(experiment_id: UUID, train: experiments.Trainer) -> None:
    """Train an experiment, unless somebody else does, and go on with the treatments that waited for it."""
    with structlog.contextvars.bound_contextvars(experiment_id=str(experiment_id)):
        experiments.run(
            experiment_id,
            store=store(),
            train=train,
            worker=worker_name(os.getpid()),
            stopping=stopping,
            checkpoint_every=settings.checkpoint_every,
            versions=environment.versions(),
        )
        if not stopping():
            treatments.advance_with(experiment_id, store=store(), queue=queue())
