"""What a service needs from outside, asked one by one."""

from collections.abc import Callable

from pydantic import BaseModel

from core.errors import Unavailable
from core.queue import CeleryQueue
from core.store import ExperimentStore
from core.store.migrate import check_revision

OK = "ok"


class Readiness(BaseModel):
    """Whether the service can work, and what keeps it from it."""

    ready: bool
    checks: dict[str, str]


def readiness(store: ExperimentStore, queue: CeleryQueue, database_url: str) -> Readiness:
    """Ask the database, its migrations and the broker."""
    checks = {
        "database": _asked(store.ping),
        "migrations": _asked(lambda: check_revision(database_url)),
        "broker": _asked(queue.ping),
    }
    return Readiness(ready=all(answer == OK for answer in checks.values()), checks=checks)


def _asked(check: Callable[[], None]) -> str:
    try:
        check()
    except Unavailable as error:
        return str(error)
    return OK
