"""What the store says when its database is away, locked or bare, and how a database gets its tables."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import Unavailable
from core.store import ExperimentStore, Orders
from core.store.migrate import check_revision, upgrade
from tests.builders import MINUTE, a_chunk, a_spec
from tests.servers import PostgreSQL

ROOT = Path(__file__).parents[2]
SPEC = a_spec()


def test_an_outage_is_said_and_survived(clock):
    server = PostgreSQL()
    try:
        url = server.create("lab")
        upgrade(url)
        store = ExperimentStore(url, lease=MINUTE, max_attempts=3, clock=clock)
        it = store.add(SPEC)[0].id
        claim = store.claim(it, worker="one")
        server.stop()
        for ask in (store.ping, lambda: store.get(it), lambda: store.add(SPEC), lambda: check_revision(url)):
            with pytest.raises(Unavailable, match="does not answer"):
                ask()
        with pytest.raises(Unavailable):
            store.append(claim, a_chunk(SPEC))
        server.start()
        store.ping()
        assert store.append(claim, a_chunk(SPEC)) is Orders.go_on
        store.close()
    finally:
        server.remove()


def test_a_locked_sqlite_database_is_unavailable(sqlite_url, monkeypatch):
    monkeypatch.setattr("core.store.database.BUSY_SECONDS", 0.05)
    holder, waiter = (ExperimentStore(sqlite_url, lease=MINUTE, max_attempts=3) for _ in range(2))
    with holder._engine.begin(), pytest.raises(Unavailable):
        waiter.add(SPEC)
    assert waiter.add(SPEC)[1]
    holder.close()
    waiter.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_is_migrated_to_head_by_any_number_at_once(kind, tmp_path, request):
    url = f"sqlite:///{tmp_path}/new/lab.db"
    if kind == "postgresql":
        url = request.getfixturevalue("postgresql").create("new")
    else:
        with pytest.raises(Unavailable):
            check_revision(url)
    code = f"from core.store.migrate import upgrade; upgrade({url!r})"
    migrations = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(3)]
    assert [migration.wait(60) for migration in migrations] == [0, 0, 0]
    check_revision(url)


def test_a_database_without_tables_is_unavailable(postgresql, tmp_path):
    for url in (postgresql.create("bare"), f"sqlite:///{tmp_path}/bare.db"):
        store = ExperimentStore(url, lease=MINUTE, max_attempts=3)
        with pytest.raises(Unavailable):
            store.page(limit=1)
        with pytest.raises(Unavailable, match="run `gradlab migrate`"):
            check_revision(url)
        store.close()
