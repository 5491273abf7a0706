"""Fixtures that tests share: real servers, a migrated database of one's own, a store with a clock that can be set."""

import itertools
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Connection, Dialect, Engine, event

from core.blobs import BlobStore
from core.store import ExperimentStore
from core.store.migrate import upgrade
from tests.builders import MINUTE, Clock
from tests.servers import PostgreSQL, Redis

_numbers = itertools.count(1)
# Tables that have rows as soon as a database is migrated.
OF_MIGRATIONS = ("alembic_version", "migrations", "identity")

# The usual tracebacks show all variables in colour: a third of a second for each that a test provokes.
_plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _plain])

_dialects: dict[str, Dialect] = {}
_compiled: dict[object, object] = {}


@event.listens_for(Engine, "engine_connect")
def _share_compiled(connection: Connection) -> None:
    """Compile a statement once in a process, for all stores. Each test has one of its own, which forgets it else."""
    connection.dialect = _dialects.setdefault(connection.dialect.name, connection.dialect)
    connection.execution_options(compiled_cache=_compiled)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A real PostgreSQL with a migrated database `migrated` to copy."""
    server = PostgreSQL()
    try:
        upgrade(server.create("migrated"))
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """A real Redis."""
    server = Redis()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database to copy."""
    file = tmp_path_factory.mktemp("migrated") / "lab.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of one's own."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'lab.db')}"


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL, _lent: list[str]) -> str:
    """A migrated PostgreSQL database without rows, which no other test uses meanwhile.

    The last one, emptied, unless a test has changed its version.
    """
    if _lent:
        postgresql.empty(_lent[-1], but=OF_MIGRATIONS)
    if not _lent or postgresql.rows(_lent[-1], OF_MIGRATIONS) != postgresql.rows("migrated", OF_MIGRATIONS):
        _lent.append(f"lab_{next(_numbers)}")
        return postgresql.create(_lent[-1], template="migrated")
    return postgresql.url(_lent[-1])


@pytest.fixture(scope="session")
def _lent() -> list[str]:
    """The PostgreSQL databases that tests have used, the last one last."""
    return []


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each database in turn."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def clock() -> Clock:
    """The time, as the test says."""
    return Clock()


@pytest.fixture
def store(database_url: str, clock: Clock) -> Iterator[ExperimentStore]:
    """A store on each database in turn: leases of one minute, three attempts."""
    made = ExperimentStore(database_url, lease=MINUTE, max_attempts=3, clock=clock)
    yield made
    made.close()


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    """A storage in a folder of one's own."""
    return BlobStore("", folder=tmp_path / "blobs", cache=tmp_path / "cache")


@pytest.fixture
def requeue_after() -> timedelta:
    """The time that a message may take before it is sent again."""
    return timedelta(seconds=30)
