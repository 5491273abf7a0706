"""Retries of writes while the database does not answer."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import structlog

from gradlab.errors import DatabaseTooNew, DiskFull, Unavailable

log = structlog.get_logger()

Answer = TypeVar("Answer")

# Pause before the first retry; each following one is twice as long.
FIRST_PAUSE = timedelta(seconds=0.1)
# Upper bound of the pause: writers continue soon after the database is back, or its disk has room again.
LONGEST_PAUSE = timedelta(seconds=2)


def insist(
    write: Callable[[], Answer],
    *,
    patience: timedelta = timedelta.max,
    stopping: Callable[[], bool],
    sleep: Callable[[float], None],
) -> Answer:
    """Call `write`, and retry while the database is away: up to `patience`, without limit while its disk is full.

    A write may be done although its response is lost. A repetition is harmless: `append` changes nothing, and `finish`
    and `release` raise ClaimLost. A lease may expire meanwhile; a worker that has lost its claim is refused.

    Args:
        write: the call to repeat.
        patience: longest time of all pauses.
        stopping: returns True once the worker has to stop; there is no retry then.
        sleep: waits for some seconds.

    Raises:
        Unavailable: the database was away longer than `patience`, or the worker has to stop.
        DatabaseTooNew: a later version has migrated the database.
    """
    pause, waited = FIRST_PAUSE, timedelta()
    while True:
        try:
            return write()
        except DatabaseTooNew:
            raise
        except Unavailable as away:
            full = isinstance(away, DiskFull)  # requeueing would not help: no other worker could store it either
            if stopping() or (not full and pause > patience - waited):
                raise
            log.warning("database_away_for_now", reason=str(away), pause=pause.total_seconds())
        sleep(pause.total_seconds())
        waited, pause = waited + pause * (not full), min(pause * 2, LONGEST_PAUSE)
