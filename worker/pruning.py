"""Comparisons of a study's cell with others while it trains."""

import time
from collections.abc import Callable, Iterator
from uuid import UUID

from core.store import ExperimentStore
from core.use_cases.experiments import Trainer
from core.use_cases.pruning import comparison_of
from gradlab.measurement.history import Checkpoint, Chunk
from gradlab.spec import ExperimentSpec
from worker.between import between_chunks

# Of the training's time at most so much goes into comparisons: those with many cells take longer.
MAX_SHARE = 0.05


class Pruning:
    """A trainer whose experiment is compared with others between two chunks, if a study prunes it.

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
        comparison = comparison_of(self._id, store=self._store)
        if comparison is None:
            return chunks
        return between_chunks(chunks, comparison.attempt, self._clock, share=MAX_SHARE)
