"""The connection: SQLite and PostgreSQL made to behave alike, and outages given one name."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.disk import check_room
from gradlab.errors import DiskFull, Invalid, Problem, Unavailable

DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql+psycopg")
# A writer on SQLite waits so long for the one before it; writes take milliseconds.
BUSY_SECONDS = 15
# An unreachable server is given up after so long, so that no request and no chunk hangs.
CONNECT_SECONDS = 5
POSTGRESQL = {
    "connect_timeout": CONNECT_SECONDS,
    "tcp_user_timeout": 10_000,
    "application_name": "gradient-lab",
    "options": "-c lock_timeout=10s -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s",
}
# PostgreSQL's codes for a table that does not exist and for a full disk.
NOT_MIGRATED, FULL = "42P01", "53100"
# SQLite's codes have their kind in the lowest byte.
PRIMARY = 0xFF
SILENT = "The database does not answer."


def connect(url: str) -> Engine:
    """An engine that survives the server's restarts. It connects when first used."""
    sqlite = _parsed(url).get_backend_name() == "sqlite"
    arguments: dict[str, Any] = {"timeout": BUSY_SECONDS} if sqlite else POSTGRESQL
    engine = create_engine(url, pool_pre_ping=True, connect_args=arguments)
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _parsed(url: str) -> URL:
    parsed: URL | None = None
    with suppress(ArgumentError):
        parsed = make_url(url)
    if parsed is None or parsed.drivername not in DRIVERS:
        # What came is not shown: it may hold a password.
        wanted = "an address such as sqlite:///lab.db or postgresql+psycopg://user@host/database"
        raise Invalid(Problem("GRADLAB_DATABASE_URL", wanted, "something else"))
    return parsed


def folder_of(url: str) -> Path | None:
    """The folder in which an embedded database lives; None for one with a server of its own, or in memory."""
    file = _parsed(url).database
    is_file = _parsed(url).get_backend_name() == "sqlite" and file and file != ":memory:"
    return Path(str(file)).parent if is_file else None


def make_room(url: str) -> None:
    """Make the folder in which an embedded database lives."""
    if folder := folder_of(url):
        folder.mkdir(parents=True, exist_ok=True)


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says, not where Python guesses
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """A writer queues up at the start: a reader that turns into a writer fails at once, whatever the timeout."""
    writes = not connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent picture of the database, however many queries it takes.

    Raises:
        Unavailable: the database does not answer.
        DiskFull: its disk has no room.
    """
    postgresql = engine.dialect.name == "postgresql"
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if postgresql else {}
    with _translated(engine), engine.connect().execution_options(reading=True, **options) as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction: all of it or nothing.

    Raises:
        Unavailable: the database does not answer.
        DiskFull: its disk has no room.
    """
    with _translated(engine), engine.begin() as connection:
        yield connection


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable(SILENT) from error
    except DBAPIError as error:
        if outage := _outage(error, engine):
            raise outage from error
        raise


def _outage(error: DBAPIError, engine: Engine) -> Unavailable | None:
    """What is missing outside, if that is why a statement failed."""
    state, code = getattr(error.orig, "sqlstate", None), getattr(error.orig, "sqlite_errorcode", None)
    if state == FULL or code == sqlite3.SQLITE_FULL:
        return DiskFull()
    if code is not None and code & PRIMARY in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return _disk_error(error, engine)
    if state == NOT_MIGRATED or str(error.orig).startswith("no such table"):
        return Unavailable("The database lacks its tables: it has not been migrated.")
    is_away = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    return Unavailable(SILENT) if is_away else None


def _disk_error(error: DBAPIError, engine: Engine) -> Unavailable:
    """SQLite could not grow, open or map one of its files: for want of room, or for another reason."""
    try:
        check_room(Path(str(engine.url.database)).parent)
    except DiskFull as full:
        return full
    except Unavailable:
        return Unavailable(SILENT)
    return Unavailable(f"The disk with the database reports an error: {error.orig}.")
