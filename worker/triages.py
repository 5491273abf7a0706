"""Triages beside a training: they need not wait until a training has ended.

A thread of the training process makes them. That process has loaded TensorFlow, which would take another one some
seconds and 500 MB. It spends nearly all its time in compiled programs, which block no other thread, however long an
epoch takes. Messages about triages reach idle processes only, so that the thread polls the database.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

import structlog

from core.plan.estimate import estimate
from core.settings import Settings
from core.store import ExperimentStore
from gradlab.errors import NotFound, Unavailable
from gradlab.spec import ExperimentSpec

log = structlog.get_logger()

# Pause before the first poll. What ends sooner, as a triage itself does, needs no triages beside it.
FIRST_SECONDS = 0.5
# Pauses before the next poll, which takes a fraction of a millisecond, and after a poll that failed.
PAUSE_SECONDS, AWAY_SECONDS = 0.2, 2.0
# Waiting triages that one poll reads.
MAX_WAITING = 100


@contextmanager
def triages_beside(
    training: UUID, triage: Callable[[UUID], object], *, store: ExperimentStore, settings: Settings
) -> Iterator[None]:
    """Make waiting triages while the block runs. The block ends after the triage in progress.

    Args:
        training: the experiment that the block trains.
        triage: claims and makes the triage with this id, unless another worker does.
        store: the store of the triages.
        settings: `max_memory_bytes` bounds the memory of the training and a triage together.
    """
    over = threading.Event()
    triages = _Triages(training, triage, store, settings.max_memory_bytes)
    thread = threading.Thread(target=triages.take, args=[over], daemon=True, name="triages")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class _Triages:
    """Takes each waiting triage at most once. One that does not fit into memory waits for an idle process."""

    def __init__(
        self, training: UUID, triage: Callable[[UUID], object], store: ExperimentStore, memory_bytes: int
    ) -> None:
        self._training, self._triage, self._store, self._memory_bytes = training, triage, store, memory_bytes
        self._seen: set[UUID] = {training}

    def take(self, over: threading.Event) -> None:
        """Take waiting triages until `over` is set."""
        pause = FIRST_SECONDS
        while not over.wait(pause):
            pause = PAUSE_SECONDS
            try:
                self._take_waiting(over)
            except Unavailable:
                pause = AWAY_SECONDS
            except Exception:
                log.exception("triages_failed")  # the training goes on after any error
                pause = AWAY_SECONDS

    def _take_waiting(self, over: threading.Event) -> None:
        for waiting in self._store.waiting_triages(limit=MAX_WAITING):
            if waiting in self._seen:
                continue
            if over.is_set():
                return
            self._seen.add(waiting)
            with suppress(NotFound):  # it was deleted meanwhile
                if self._memory_of(waiting) + self._memory_of(self._training) <= self._memory_bytes:
                    self._triage(waiting)

    def _memory_of(self, experiment: UUID) -> int:
        spec = self._store.get(experiment).spec
        return estimate(spec).memory_bytes if isinstance(spec, ExperimentSpec) else 0
