"""Looks at initial states beside a training: whoever asks for one need not wait until a training has ended.

A thread of the process that trains takes them. That process has loaded TensorFlow, which would cost another one some
seconds and 500 MB, and spends nearly all its time in compiled programs, which hold up no other thread, however long an
epoch takes. Messages about looks come to idle processes only: the thread asks the database.
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

# What ends sooner, a look above all, is not worth a thread's attention.
FIRST_SECONDS = 0.5
# Then the database is asked so often, a fraction of a millisecond each time.
PAUSE_SECONDS, AWAY_SECONDS = 0.2, 2.0
# So many waiting looks are considered at a time.
MAX_WAITING = 100


@contextmanager
def triages_beside(
    training: UUID, look: Callable[[UUID], None], *, store: ExperimentStore, settings: Settings
) -> Iterator[None]:
    """While the block lasts, take the looks that wait; it ends once the look at hand is done.

    Args:
        training: the experiment that the block trains.
        look: takes and makes the look of this id, unless somebody else does.
        store: where they wait.
        settings: training and look together may need as much memory as one training may.
    """
    over = threading.Event()
    looks = _Triages(training, look, store, settings.max_memory_bytes)
    thread = threading.Thread(target=looks.take, args=[over], daemon=True, name="looks")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class _Triages:
    """Takes each waiting look at most once; one that does not fit waits for an idle process."""

    def __init__(self, training: UUID, look: Callable[[UUID], None], store: ExperimentStore, memory_bytes: int) -> None:
        self._training, self._look, self._store, self._memory_bytes = training, look, store, memory_bytes
        self._seen: set[UUID] = {training}

    def take(self, over: threading.Event) -> None:
        """Take looks until it is over."""
        pause = FIRST_SECONDS
        while not over.wait(pause):
            pause = PAUSE_SECONDS
            try:
                self._take_waiting(over)
            except Unavailable:
                pause = AWAY_SECONDS
            except Exception:
                log.exception("looks_failed")  # whatever it was, the training goes on
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
                    self._look(waiting)

    def _memory_of(self, experiment: UUID) -> int:
        spec = self._store.get(experiment).spec
        return estimate(spec).memory_bytes if isinstance(spec, ExperimentSpec) else 0
