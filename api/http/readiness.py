"""Checks of what the service needs from outside: database, migrations, broker and disk."""

from collections.abc import Callable

from core.disk import check_room
from core.queue import CeleryQueue
from core.settings import Settings
from core.store import ExperimentStore
from core.store.database import folder_of
from core.store.migrate import check_revision
from gradlab.errors import Unavailable
from gradlab.schemas.health import ReadinessResponse

OK = "ok"


def readiness(store: ExperimentStore, queue: CeleryQueue, settings: Settings) -> ReadinessResponse:
    """Check the database, its migrations, the broker, and the disks that hold an embedded database or broker."""
    checks = {
        "database": _result(store.ping),
        "migrations": _result(lambda: check_revision(settings.database)),
        "broker": _result(queue.ping),
        "disk": _result(lambda: _check_disk(settings)),
    }
    return ReadinessResponse(ready=all(result == OK for result in checks.values()), checks=checks)


def _check_disk(settings: Settings) -> None:
    """Check that there is room for an embedded database and broker.

    Raises:
        Unavailable: a disk is full.
    """
    broker = settings.broker_dir if settings.is_folder_broker else None
    for folder in filter(None, {folder_of(settings.database), broker}):
        check_room(folder)


def _result(check: Callable[[], None]) -> str:
    try:
        check()
    except Unavailable as error:
        return str(error)
    return OK
