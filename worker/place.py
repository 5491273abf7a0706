"""Places for trainings on one machine: several share it, or one has it alone.

There are two locks on files of the data directory, which all workers of a machine share. `machine.lock` is held shared
by trainings that run together, and exclusively by one that runs alone. `turn.lock` is held while waiting for the
machine, and by a training alone to its end: no other training begins meanwhile. The system releases the locks of a dead
process.
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO
from uuid import UUID

import structlog

from core import outages
from core.store import ExperimentStore
from gradlab.errors import Unavailable

log = structlog.get_logger()

POLL_SECONDS = 0.5


@contextmanager
def place(folder: Path, *, alone: bool, stopping: Callable[[], bool]) -> Iterator[None]:
    """Wait for a place, and hold it for the block. Run without one if locks are impossible or the worker has to stop.

    Args:
        folder: the folder of the locks.
        alone: True if no other training may run meanwhile.
        stopping: returns True once this worker has to stop.
    """
    with ExitStack() as held:
        try:
            turnstile, machine = (
                held.enter_context((folder / f"{each}.lock").open("a")) for each in ("turn", "machine")
            )
            _take(turnstile, fcntl.LOCK_EX, stopping)
            _take(machine, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, stopping)
            if not alone:
                fcntl.flock(turnstile, fcntl.LOCK_UN)
        except OSError as error:  # no room for an empty file, or a file system without locks
            log.warning("no_lock", folder=str(folder), error=str(error))
        yield


def needs_the_machine(id: UUID, *, store: ExperimentStore, stopping: Callable[[], bool]) -> bool:
    """Return True if an experiment has to be trained alone; False if the worker has to stop before that is read."""
    try:
        return outages.insist(partial(store.deaths.needs_the_machine, id), stopping=stopping, sleep=time.sleep)
    except Unavailable:
        return False


def _take(file: IO[str], how: int, stopping: Callable[[], bool]) -> None:
    while not stopping():
        try:
            return fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(POLL_SECONDS)
    return None
