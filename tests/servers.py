"""Real servers for tests, on free ports of this machine's loopback."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from pwd import getpwnam
from typing import TYPE_CHECKING, Any

from tests import programs

if TYPE_CHECKING:
    import psycopg

# `psycopg`, `redis` and `playwright` are imported by what uses them: most tests need no server and no browser.

# What is waited for comes soon, or never: long enough for processes that start while others use the machine.
DEADLINE = 120.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(true: Callable[[], object], *, seconds: float = DEADLINE, every: float = 0.02) -> None:
    """Return as soon as it is true; fail when it takes too long."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not true within {seconds} seconds"
        time.sleep(every)


def _unprivileged() -> str | None:
    """PostgreSQL will not run as root: whom to run it as instead."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return getpwnam(name).pw_name
        except KeyError:
            continue
    raise RuntimeError("expected a user postgres or nobody to run PostgreSQL as")


class PostgreSQL:
    """A server that forgets everything when it is removed."""

    def __init__(self) -> None:
        self._user = _unprivileged()
        self._folder = Path(tempfile.mkdtemp(prefix="gradlab-postgresql-"))
        if self._user:
            shutil.chown(self._folder, self._user)
        self.binaries = programs.runnable(programs.postgresql(), self._user, self._folder)
        self.port = free_port()
        self._data = self._folder / "data"
        options = ["-U", "lab", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        command: list[str | Path] = [self.binaries / "initdb", "-D", self._data, *options]
        subprocess.run(command, check=True, capture_output=True, user=self._user, cwd="/")
        self.start()

    def url(self, database: str) -> str:
        """Where a database is, as SQLAlchemy writes it."""
        return f"postgresql+psycopg://lab@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str = "template1") -> str:
        """A new database; returns its URL."""
        self._sql(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        return self.url(database)

    def empty(self, database: str, *, but: Iterable[str]) -> None:
        """Break all connections to a database and empty its tables but some, which costs a fifth of a copy."""
        from psycopg import sql

        with self._connected(database) as server:
            server.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            rows = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            tables = [sql.Identifier(name) for (name,) in rows if name not in but]
            truncate = sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE")
            server.execute(truncate.format(sql.SQL(", ").join(tables)))

    def rows(self, database: str, tables: Iterable[str]) -> list[list[tuple[Any, ...]]]:
        """All rows of some tables."""
        from psycopg import sql

        with self._connected(database) as server:
            select = sql.SQL("SELECT * FROM {}")
            return [server.execute(select.format(sql.Identifier(each))).fetchall() for each in tables]

    def start(self) -> None:
        """Start, and wait until it answers."""
        fast = {"fsync": "off", "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": 60}
        options = [f"--{name}={value}" for name, value in fast.items()]
        command: list[str | Path] = [self.binaries / "postgres", "-D", self._data, "-p", str(self.port), *options]
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, user=self._user, cwd="/")
        wait_until(self._answers)

    def stop(self) -> None:
        """Break all connections and stop."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(DEADLINE)

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        self.stop()
        shutil.rmtree(self._folder)

    def _answers(self) -> bool:
        import psycopg

        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            self._sql("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _sql(self, command: str) -> None:
        with self._connected("postgres") as server:
            server.execute(command.encode())

    def _connected(self, database: str) -> "psycopg.Connection[tuple[Any, ...]]":
        import psycopg

        return psycopg.connect(f"host=127.0.0.1 port={self.port} user=lab dbname={database}", autocommit=True)


class Redis:
    """A server that writes nothing to disk."""

    def __init__(self) -> None:
        self.port = free_port()
        command = [str(programs.redis()), "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd="/")
        wait_until(self._answers)

    @property
    def url(self) -> str:
        """Where it is, as Celery writes it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def empty(self) -> None:
        """Lose every message."""
        import redis

        with redis.Redis(port=self.port) as client:
            client.flushall()

    def stop(self) -> None:
        """Stop, and forget everything."""
        self._process.terminate()
        self._process.wait(DEADLINE)

    def _answers(self) -> bool:
        import redis

        assert self._process.poll() is None, f"{self._process.args!r} did not start"
        try:
            with redis.Redis(port=self.port) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False
