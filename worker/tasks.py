"""The one task. It runs in a child, the only place that loads TensorFlow."""

import os
import socket
from functools import cache, partial
from uuid import UUID

import structlog

from core import experiments
from core.queue import TRAIN
from core.store import ExperimentStore
from core.training import environment
from worker.app import app, settings
from worker.stopping import stopping


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


@app.task(name=TRAIN)  # type: ignore[untyped-decorator]
def train_experiment(experiment_id: str) -> None:
    """Train an experiment, unless somebody else does."""
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
