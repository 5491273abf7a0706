"""The one task. It runs in a child, the only place that loads TensorFlow."""

import os
import socket
from functools import cache, partial
from uuid import UUID

import structlog

from core import experiments, treatments
from core.errors import Unavailable
from core.queue import TRAIN, CeleryQueue
from core.store import ExperimentStore
from core.training import environment
from worker.app import app, settings
from worker.stopping import stopping

log = structlog.get_logger()


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
def queue() -> CeleryQueue:
    """This process's bell."""
    return CeleryQueue(settings)


@app.task(name=TRAIN)  # type: ignore[untyped-decorator]
def train_experiment(experiment_id: str) -> None:
    """Train an experiment, unless somebody else does, and go on with the treatments that waited for it."""
    with structlog.contextvars.bound_contextvars(experiment_id=experiment_id):
        experiments.run(
            UUID(experiment_id),
            store=store(),
            train=trainer(),
            worker=f"{socket.gethostname()}:{os.getpid()}",
            stopping=stopping,
            checkpoint_every=settings.checkpoint_every,
            versions=environment.versions(),
        )
        if not stopping():
            try:
                treatments.advance_with(UUID(experiment_id), store=store(), queue=queue())
            except Unavailable as away:
                log.warning("treatments_left_to_the_sweep", error=repr(away.__cause__))
