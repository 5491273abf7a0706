"""Places for trainings on one machine: many at a time, or one that has the machine to itself.

Two locks on files of the data directory, which every worker of a machine shares: whoever trains holds one together with
the others, whoever needs the machine holds both alone. The first is a turnstile: while somebody waits for the machine,
nobody else begins. The system gives the locks of a dead process back.
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
    """Wait for a place and hold it. Where no lock can be had, or the worker is to stop, go on without.

    Args:
        folder: where the locks are.
        alone: whether nobody else may train meanwhile.
        stopping: whether this worker is to stop.
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
    """True if no other experiment may be trained meanwhile. A worker that is to stop does not wait for a database."""
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
