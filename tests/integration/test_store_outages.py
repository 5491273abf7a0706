"""Errors of the store whose database is away, locked or bare, and the tables of a new database."""

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from core.records import Claim, WorkerCommand
from core.store import ExperimentStore, Submission, adding, database, layouts, submissions
from core.store.database import POSTGRESQL, HeldUp
from core.store.migrate import check_revision, upgrade
from core.store.store import utc_now
from gradlab.errors import DiskFull, NotFound, Unavailable
from gradlab.spec import ExperimentSpec
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
        assert store.append(claim, a_chunk(SPEC)) is WorkerCommand.continue_
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


def test_rows_are_written_before_a_group_takes_sqlites_lock(sqlite_url, monkeypatch):
    store = ExperimentStore(sqlite_url, lease=MINUTE, max_attempts=3)
    other = sqlite3.connect(store._engine.url.database, timeout=0, isolation_level=None)
    asked = []

    def spy(original):
        def write(*arguments):
            other.execute("BEGIN IMMEDIATE")  # is refused while the store has the lock
            other.execute("ROLLBACK")
            asked.append(original)
            return original(*arguments)

        return write

    for name in ("architecture_hash", "training_key"):
        monkeypatch.setattr(adding, name, spy(getattr(adding, name)))
    monkeypatch.setattr(layouts, "columns", spy(layouts.columns))
    for name in ("canonical", "fingerprint"):
        monkeypatch.setattr(ExperimentSpec, name, spy(getattr(ExperimentSpec, name)))
    monkeypatch.setattr(ExperimentSpec, "layout", property(spy(ExperimentSpec.__dict__["layout"].func)))
    added = store.add_all([Submission(SPEC, "key"), Submission(SPEC)])
    assert [outcome[1] for outcome in added] == [True, True]
    assert len(set(asked)) == 6
    other.close()
    store.close()


def test_a_row_that_another_connection_holds_hinders_nobody_else_of_a_group(postgresql_url, monkeypatch):
    monkeypatch.setitem(POSTGRESQL, "options", "-c lock_timeout=1s")
    monkeypatch.setattr(database, "HURRIED", "50ms")
    store = ExperimentStore(postgresql_url, lease=MINUTE, max_attempts=3)
    old, _ = store.add(SPEC, idempotency_key="old")
    with store._engine.begin() as holder:
        submissions.find(holder, old.id)  # for an update
        one, again, new = store.add_all([Submission(SPEC), Submission(SPEC, "old"), Submission(SPEC, "new")])
        assert ([one[1], new[1]], again) == ([True, True], (old, False))
        adding.add_all(holder, [adding.prepare(Submission(SPEC, "held"))], utc_now(), MINUTE)
        group = [Submission(SPEC), *[Submission(SPEC, "held")] * 3, Submission(SPEC, "old"), Submission(SPEC)]
        begun = time.monotonic()
        two, held, *others, again, three = store.add_all(group)
        assert time.monotonic() - begun < 3  # the group waits for a second, and none of its submissions for another one
        assert ([two[1], three[1]], type(held), again) == ([True, True], HeldUp, (old, False))
        assert {str(each) for each in (held, *others)} == {database.OCCUPIED}
    assert len(store.page(limit=9).experiments) == 1 + 2 + 1 + 2
    store.close()


def test_writers_of_one_process_wait_for_their_turn_before_they_ask_sqlite_for_its_lock(sqlite_url):
    store = ExperimentStore(sqlite_url, lease=MINUTE, max_attempts=3)
    asking: list[int] = []
    most = [0]

    def begun(_: object) -> None:
        asking.append(1)
        most[0] = max(most[0], len(asking))

    event.listen(store._engine, "begin", begun)
    event.listen(store._engine, "commit", lambda _: asking.pop())
    with ThreadPoolExecutor(8) as threads:
        added = list(threads.map(lambda number: store.add(SPEC, idempotency_key=str(number)), range(24)))
    assert (len({experiment.id for experiment, _ in added}), most, asking) == (24, [1], [])
    with pytest.raises(NotFound):
        store.delete(uuid4())  # a writer that fails gives its turn up
    assert store.add(SPEC)[1]
    store.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_is_migrated_to_head_by_any_number_at_once(kind, tmp_path, request):
    url = f"sqlite:///{tmp_path}/new/lab.db"
    if kind == "postgresql":
        url = request.getfixturevalue("postgresql").create("new")
    else:
        with pytest.raises(Unavailable):
            check_revision(url)
    code = f"from core.store.migrate import upgrade; upgrade({url!r})"
    migrations = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(2)]
    assert [migration.wait(60) for migration in migrations] == [0, 0]
    check_revision(url)


def test_a_database_without_tables_is_unavailable(postgresql, tmp_path):
    for url in (postgresql.create("bare"), f"sqlite:///{tmp_path}/bare.db"):
        store = ExperimentStore(url, lease=MINUTE, max_attempts=3)
        with pytest.raises(Unavailable):
            store.page(limit=1)
        with pytest.raises(Unavailable, match="run `gradlab migrate`"):
            check_revision(url)
        store.close()


def change(store: ExperimentStore, *statements: str) -> None:
    with store._engine.begin() as connection:
        for each in statements:
            connection.exec_driver_sql(each)


FULL_DISK = (
    "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$",
    "CREATE TRIGGER full_disk BEFORE INSERT ON series EXECUTE FUNCTION full_disk()",
)


def test_a_full_disk_is_said_and_costs_nothing(store, database_url):
    it = store.add(SPEC)[0].id
    claim = store.claim(it, worker="one")
    sqlite = database_url.startswith("sqlite")
    change(store, *(["PRAGMA max_page_count = 1"] if sqlite else FULL_DISK))  # no more than there are
    with pytest.raises(DiskFull, match="The disk is full"):
        fill_up(store, claim)
    assert store.get(it).epochs_done == 0
    change(store, "PRAGMA max_page_count = 1000000" if sqlite else "DROP TRIGGER full_disk ON series")
    assert store.append(claim, a_chunk(SPEC)) is WorkerCommand.continue_
    assert store.get(it).epochs_done > 0


def test_a_disk_that_reports_errors_is_full_if_nothing_can_be_written_beside_it(sqlite_url, monkeypatch):
    store = ExperimentStore(sqlite_url, lease=MINUTE, max_attempts=3)
    failure = sqlite3.OperationalError("disk I/O error")
    failure.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE  # type: ignore[attr-defined]

    def break_down(*_: object) -> None:
        raise OperationalError("COMMIT", {}, failure)

    event.listen(store._engine, "commit", break_down)
    with pytest.raises(Unavailable, match="reports an error: disk I/O error") as refusal:
        store.add(SPEC)
    assert not isinstance(refusal.value, DiskFull)
    monkeypatch.setattr("core.store.database.check_room", raising(DiskFull()))
    with pytest.raises(DiskFull):
        store.add(SPEC)
    store.close()


def fill_up(store: ExperimentStore, claim: Claim) -> None:
    for _ in range(50):
        store.add(a_spec(name="filling up"))
        store.append(claim, a_chunk(SPEC))


def raising(error: Exception):
    def act(*_: object) -> None:
        raise error

    return act
