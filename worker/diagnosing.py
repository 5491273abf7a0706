"""Diagnoses while a training runs, so that lists show its verdict."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from uuid import UUID

from core.store import ExperimentStore
from core.use_cases import diagnoses
from core.use_cases.experiments import Trainer
from gradlab.measurement.history import Checkpoint, Chunk
from gradlab.spec import ExperimentSpec
from worker.between import between_chunks

# Seconds between two diagnoses.
PAUSE = 5.0
# Of the training's time at most so much goes into diagnoses: those of long series take longer.
MAX_SHARE = 0.02


class Diagnosing:
    """A trainer whose experiment is diagnosed every few seconds, between two chunks. Triages are not.

    Args:
        train: the trainer.
        experiment_id: the experiment that it trains.
        store: the store of the experiment.
        clock: returns seconds.
    """

    def __init__(
        self,
        train: Trainer,
        experiment_id: UUID,
        store: ExperimentStore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._train, self._id, self._store, self._clock = train, experiment_id, store, clock

    def __call__(self, spec: ExperimentSpec, resume: Checkpoint | None) -> Iterator[Chunk]:
        """Train, and yield the chunks."""
        chunks = self._train(spec, resume)
        if not spec.training.epochs:
            return chunks
        diagnose = partial(diagnoses.attempt, self._id, store=self._store)
        return between_chunks(chunks, diagnose, self._clock, share=MAX_SHARE, first=PAUSE, pause=PAUSE)
