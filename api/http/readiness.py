"""What a service needs from outside, asked one by one."""

from collections.abc import Callable

from pydantic import BaseModel

from core.disk import check_room
from core.queue import CeleryQueue
from core.settings import Settings
from core.store import ExperimentStore
from core.store.database import folder_of
from core.store.migrate import check_revision
from gradlab.errors import Unavailable

OK = "ok"


class Readiness(BaseModel):
    """Whether the service can work, and what keeps it from it."""

    ready: bool
    checks: dict[str, str]


def readiness(store: ExperimentStore, queue: CeleryQueue, settings: Settings) -> Readiness:
    """Ask the database, its migrations, the broker, and the disks on which the embedded ones of them live."""
    checks = {
        "database": _asked(store.ping),
        "migrations": _asked(lambda: check_revision(settings.database)),
        "broker": _asked(queue.ping),
        "disk": _asked(lambda: _check_disk(settings)),
    }
    return Readiness(ready=all(answer == OK for answer in checks.values()), checks=checks)


def _check_disk(settings: Settings) -> None:
    """Raise Unavailable unless there is room for the database and the broker, where they are files of ours."""
    broker = settings.broker_dir if settings.is_folder_broker else None
    for folder in filter(None, {folder_of(settings.database), broker}):
        check_room(folder)


def _asked(check: Callable[[], None]) -> str:
    try:
        check()
    except Unavailable as error:
        return str(error)
    return OK
