"""Databases that are away for a while, outlived."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import structlog

from gradlab.errors import DatabaseTooNew, DiskFull, Unavailable

log = structlog.get_logger()

Answer = TypeVar("Answer")

# The first pause before a database that is away is asked again; each one after is twice as long.
FIRST_PAUSE = timedelta(seconds=0.1)
# Soon after there is room again, or the database is back, everybody goes on.
LONGEST_PAUSE = timedelta(seconds=2)


def insist(
    write: Callable[[], Answer],
    *,
    patience: timedelta = timedelta.max,
    stopping: Callable[[], bool],
    sleep: Callable[[float], None],
) -> Answer:
    """Write, and while the database is away try again, for as long as `patience` lasts, or its disk is full.

    A write may have been done although its answer got lost. Doing it again is then harmless: `append` changes nothing,
    `finish` and `release` find that the claim is gone. Nor does a lease that has run out meanwhile do harm: whoever has
    been overtaken is refused.
    """
    pause, waited = FIRST_PAUSE, timedelta()
    while True:
        try:
            return write()
        except DatabaseTooNew:
            raise
        except Unavailable as away:
            full = isinstance(away, DiskFull)  # no other worker could do better
            if stopping() or (not full and pause > patience - waited):
                raise
            log.warning("database_away_for_now", reason=str(away), pause=pause.total_seconds())
        sleep(pause.total_seconds())
        waited, pause = waited + pause * (not full), min(pause * 2, LONGEST_PAUSE)
