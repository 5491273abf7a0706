"""Triages beside a training: they need not wait until a training has ended."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from uuid import UUID

from core.settings import Settings
from core.store import ExperimentStore
from gradlab.errors import NotFound
from worker.beside import beside, memory_of

# Pause before the first poll. What ends sooner, as a triage itself does, needs no triages beside it.
FIRST_SECONDS = 0.5
# Waiting triages that one poll reads.
MAX_WAITING = 100


def triages_beside(
    training: UUID, triage: Callable[[UUID], object], *, store: ExperimentStore, settings: Settings
) -> AbstractContextManager[None]:
    """Make waiting triages while the block runs. The block ends after the triage in progress.

    Args:
        training: the experiment that the block trains.
        triage: claims and makes the triage with this id, unless another worker does.
        store: the store of the triages.
        settings: `max_memory_bytes` bounds the memory of the training and a triage together.
    """
    triages = _Triages(training, triage, store, settings.max_memory_bytes)
    return beside(triages.take, "triages", first=FIRST_SECONDS)


class _Triages:
    """Takes each waiting triage at most once. One that does not fit into memory waits for an idle process."""

    def __init__(
        self, training: UUID, triage: Callable[[UUID], object], store: ExperimentStore, memory_bytes: int
    ) -> None:
        self._training, self._triage, self._store, self._memory_bytes = training, triage, store, memory_bytes
        self._seen: set[UUID] = {training}

    def take(self, over: threading.Event) -> None:
        """Take waiting triages until `over` is set."""
        for waiting in self._store.waiting_triages(limit=MAX_WAITING):
            if waiting in self._seen:
                continue
            if over.is_set():
                return
            self._seen.add(waiting)
            with suppress(NotFound):  # it was deleted meanwhile
                if memory_of(waiting, self._training, store=self._store) <= self._memory_bytes:
                    self._triage(waiting)
