"""Connections that behave alike on SQLite and PostgreSQL. Outages of both are raised as Unavailable."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, local
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from pydantic_core import from_json
from sqlalchemy import URL, Column, Connection, Engine, Row, Select, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.disk import check_room
from gradlab.errors import DiskFull, Invalid, NotFound, Problem, Unavailable

DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql+psycopg")
# Time that a writer on SQLite waits for the one before it. Writes take milliseconds.
BUSY_SECONDS = 15
# The turns of this process's writers on each SQLite file. SQLite lets them sleep, up to 0.1 s at a time, and whoever
# comes at the right moment goes first: of 50 clients some waited for seconds.
_turns: WeakKeyDictionary[Engine, Lock] = WeakKeyDictionary()
# Time until an unreachable server is given up, so that no request and no chunk hangs.
CONNECT_SECONDS = 5
POSTGRESQL = {
    "connect_timeout": CONNECT_SECONDS,
    "tcp_user_timeout": 10_000,
    "application_name": "gradient-lab",
    "options": "-c lock_timeout=10s -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s",
}
# Time that a hurried transaction waits for a row, instead of the ten seconds above.
HURRIED = "1s"
# PostgreSQL's codes for a missing table and for a full disk.
NOT_MIGRATED, FULL = "42P01", "53100"
# Its codes where another transaction holds a statement up: a lock not granted in time, a deadlock, a timeout.
HELD_UP = ("55P03", "40P01", "57014")
# Mask for SQLite's codes, which have their kind in the lowest byte.
PRIMARY = 0xFF
SILENT = "The database does not answer."
OCCUPIED = "The database was held up for too long, by another transaction or by its load: try again."
Item = TypeVar("Item")


class _Open(local):
    """Transaction of this thread that all its readings share; None outside of `reading_together`."""

    reader: Connection | None = None


_open = _Open()


class HeldUp(Unavailable):
    """Another transaction held up a statement on PostgreSQL for too long. The database itself answers."""


def connect(url: str) -> Engine:
    """Return an engine that survives the server's restarts and connects when first used. Raises Invalid."""
    sqlite = _parsed(url).get_backend_name() == "sqlite"
    arguments: dict[str, Any] = {"timeout": BUSY_SECONDS} if sqlite else POSTGRESQL
    engine = create_engine(url, pool_pre_ping=True, connect_args=arguments, json_deserializer=from_json)
    if sqlite:
        _turns[engine] = Lock()
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "before_cursor_execute", _ask_for_bytes)
    return engine


def _parsed(url: str) -> URL:
    parsed: URL | None = None
    with suppress(ArgumentError):
        parsed = make_url(url)
    if parsed is None or parsed.drivername not in DRIVERS:
        # The received value is not shown, because it may contain a password.
        expected = "an address such as sqlite:///lab.db or postgresql+psycopg://user@host/database"
        raise Invalid(Problem("GRADLAB_DATABASE_URL", expected, "something else"))
    return parsed


def folder_of(url: str) -> Path | None:
    """Return the folder of an SQLite file; None for PostgreSQL and for a database in memory."""
    file = _parsed(url).database
    is_file = _parsed(url).get_backend_name() == "sqlite" and file and file != ":memory:"
    return Path(str(file)).parent if is_file else None


def make_room(url: str) -> None:
    """Create the folder of an SQLite file."""
    if folder := folder_of(url):
        folder.mkdir(parents=True, exist_ok=True)


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # `_begin_sqlite` begins transactions, not Python's driver
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at the beginning: SQLite refuses a reader that becomes a writer at once, without waiting."""
    connection.exec_driver_sql("BEGIN" if is_reading(connection) else "BEGIN IMMEDIATE")


def _ask_for_bytes(_: Connection, cursor: Any, *_details: object) -> None:
    """Let PostgreSQL send results as they are: as text, packed series are twice as long, and take thrice the time."""
    cursor.format = type(cursor.format).BINARY


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a read-only transaction: all its queries see the same state of the database.

    Inside of `reading_together` it is the transaction that is open already.

    Raises:
        Unavailable: the database does not answer.
        DiskFull: its disk has no room.
    """
    with _translated(engine):
        joined = _open.reader
        if joined is not None and joined.engine is engine and not joined.closed:
            yield joined
            return
        with engine.connect().execution_options(reading=True, **_of_one_moment(engine)) as connection:
            yield connection


def _of_one_moment(engine: Engine) -> dict[str, Any]:
    """Return the options of a transaction that sees one state of the database. SQLite needs none."""
    is_postgresql = engine.dialect.name == "postgresql"
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if is_postgresql else {}


@contextmanager
def reading_together(engine: Engine) -> Iterator[None]:
    """Let everything that this thread reads in the block be read in one transaction.

    A transaction on PostgreSQL takes three ways to the server beside its queries. The block sees no later change, and
    must not wait for one. The block neither yields nor awaits: it belongs to the thread that began it. After a
    statement has failed, leave the block.

    Raises:
        Unavailable: the database does not answer.
        DiskFull: its disk has no room.
    """
    with reading(engine) as connection:
        outer, _open.reader = _open.reader, connection
        try:
            yield
        finally:
            _open.reader = outer


def is_reading(connection: Connection) -> bool:
    """True in a read-only transaction."""
    return bool(connection.get_execution_options().get("reading"))


def one_row(connection: Connection, query: Select[Any], missing: str) -> Row[Any]:
    """Return the row of a query, locked until the end of a writing transaction. Raises NotFound(missing)."""
    if not is_reading(connection):
        query = query.with_for_update()  # SQLite ignores this: its writers lock the whole database
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(missing)
    return row


def page_of(
    connection: Connection,
    query: Select[Any],
    number: Column[int],
    read: Callable[[Row[Any]], Item],
    *,
    limit: int,
    before: int | None,
) -> tuple[list[Item], int | None]:
    """Return a page of a query's rows, newest first, and `before` of the next page; None on the last.

    Args:
        connection: of the transaction.
        query: the rows of all pages; the number is among their columns.
        number: the column that rises with each row.
        read: makes an item of a row, one row at a time: some are large.
        limit: the most items.
        before: the number that all of the page's are below; None for the first page.
    """
    query = query.order_by(number.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(number < before)
    items, numbers = [], []
    for row in connection.execute(query):
        items.append(read(row))
        numbers.append(row.number)
    return items[:limit], numbers[limit - 1] if len(numbers) > limit else None


@contextmanager
def writing(engine: Engine, *, hurried: bool = False) -> Iterator[Connection]:
    """Open a writing transaction, committed as a whole or not at all.

    Args:
        engine: of the database.
        hurried: True to wait no longer than `HURRIED` for a row that another transaction holds on PostgreSQL.

    Raises:
        HeldUp: another transaction holds a row for too long.
        Unavailable: the database does not answer.
        DiskFull: its disk has no room.
    """
    with _translated(engine), _turn(engine), engine.begin() as connection:
        if hurried and engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{HURRIED}'")
        yield connection


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """Wait for this process's earlier writers on SQLite. Raises Unavailable after `BUSY_SECONDS`."""
    turn = _turns.get(engine)
    if turn is None:
        yield
        return
    if not turn.acquire(timeout=BUSY_SECONDS):
        raise Unavailable(SILENT)
    try:
        yield
    finally:
        turn.release()


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
    """Return the outage that made a statement fail; None if it failed for another reason."""
    state, code = getattr(error.orig, "sqlstate", None), getattr(error.orig, "sqlite_errorcode", None)
    if state == FULL or code == sqlite3.SQLITE_FULL:
        return DiskFull()
    if code is not None and code & PRIMARY in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return _disk_error(error, engine)
    if state == NOT_MIGRATED or str(error.orig).startswith("no such table"):
        return Unavailable("The database lacks its tables: it has not been migrated.")
    if state in HELD_UP:
        return HeldUp(OCCUPIED)
    is_away = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    return Unavailable(SILENT) if is_away else None


def _disk_error(error: DBAPIError, engine: Engine) -> Unavailable:
    """Return DiskFull if the disk of an SQLite file has no room left, else another outage."""
    try:
        check_room(Path(str(engine.url.database)).parent)
    except DiskFull as full:
        return full
    except Unavailable:
        return Unavailable(SILENT)
    return Unavailable(f"The disk with the database reports an error: {error.orig}.")
