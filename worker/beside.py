"""Work beside a training, in a thread of the training process.

That process has loaded TensorFlow, which would take another one some seconds and 500 MB. It spends nearly all its time
in compiled programs, which block no other thread. Messages reach idle processes only, so that the thread polls the
database.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog

from core.plan.estimate import estimate
from core.store import ExperimentStore
from gradlab.errors import Unavailable
from gradlab.spec import ExperimentSpec

log = structlog.get_logger()

# Pauses before the next poll, which takes a fraction of a millisecond, and after a poll that failed.
PAUSE_SECONDS, AWAY_SECONDS = 0.2, 2.0


@contextmanager
def beside(work: Callable[[threading.Event], None], name: str, *, first: float) -> Iterator[None]:
    """Do some work again and again while the block runs. The block ends after the work in progress.

    Args:
        work: polls, and does what it finds until the event is set. Whatever it raises, it is called again.
        name: of the thread, and of its errors in the log.
        first: pause before the first poll, in seconds.
    """
    over = threading.Event()
    thread = threading.Thread(target=_repeat, args=[work, over, name, first], daemon=True, name=name)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _repeat(work: Callable[[threading.Event], None], over: threading.Event, name: str, pause: float) -> None:
    while not over.wait(pause):
        pause = PAUSE_SECONDS
        try:
            work(over)
        except Unavailable:
            pause = AWAY_SECONDS
        except Exception:
            log.exception("work_beside_failed", work=name)  # the training goes on after any error
            pause = AWAY_SECONDS


def memory_of(*experiments: UUID, store: ExperimentStore) -> int:
    """Return the bytes that trainings take together, by their estimates. Raises NotFound."""
    specs = [store.get(each).spec for each in experiments]
    return sum(estimate(spec).memory_bytes for spec in specs if isinstance(spec, ExperimentSpec))
