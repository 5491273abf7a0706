"""A database that a later version has migrated: this one names what it needs and writes nothing."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from core.store import ExperimentStore
from core.store.database import connect, writing
from core.store.migrate import check_revision, upgrade
from gradlab.errors import DatabaseTooNew, Unavailable
from gradlab.schemas.status import Status
from tests.builders import MINUTE, a_chunk, a_spec, an_external_spec
from tests.campaigns import one_in
from tests.servers import free_port
from tests.services import GRADLAB, alone

ROOT = Path(__file__).parents[2]


def at_revision(url: str, revision: str, *, signed: str | None = None) -> None:
    """Migrate a database as another version would."""
    engine = connect(url)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
        if signed:
            row = {"revision": revision, "version": signed}
            connection.execute(text("INSERT INTO migrations VALUES (:revision, :version)"), row)
    engine.dispose()


def fingerprint(file: Path) -> tuple[str, list[str]]:
    """A hash of the database and the names of its files: any write changes it."""
    log = Path(f"{file}-wal")
    written = [file.read_bytes(), log.read_bytes() if log.exists() else b""]
    return hashlib.sha256(b"".join(written)).hexdigest(), sorted(each.name for each in file.parent.iterdir())


def test_every_write_to_it_is_refused_also_while_we_run(database_url, store):
    experiment = store.add(a_spec())[0]
    claim = store.claim(experiment.id, worker="one")
    at_revision(database_url, "9999")
    writes = {
        "add": lambda: store.add(a_spec()),
        "add from elsewhere": lambda: store.add(an_external_spec()),
        "claim": lambda: store.claim(experiment.id, worker="two"),
        "append": lambda: store.append(claim, a_chunk(a_spec())),
        "finish": lambda: store.finish(claim, Status.completed),
        "cancel": lambda: store.cancel(experiment.id),
        "delete": lambda: store.delete(experiment.id),
        "not published": lambda: store.not_published([experiment.id]),
        "treatments": lambda: store.treatments.cancel(experiment.id),
        "external": lambda: store.external.end(experiment.id, 0, None),
    }
    for name, write in writes.items():
        with pytest.raises(DatabaseTooNew, match="revision 9999"):
            print(name, write())
    for look in (lambda: check_revision(database_url), lambda: upgrade(database_url)):
        with pytest.raises(DatabaseTooNew, match="a version that knows revision 9999"):
            look()
    assert store.get(experiment.id).status is Status.running


def test_the_version_that_migrated_it_is_named(database_url):
    at_revision(database_url, "9999", signed="7.3.1")
    with pytest.raises(DatabaseTooNew, match=r"it needs version 7\.3\.1 or a later one"):
        check_revision(database_url)


def test_one_that_has_to_be_migrated_says_so_and_is_not_written_to(database_url):
    at_revision(database_url, "0005")
    store = ExperimentStore(database_url, lease=MINUTE, max_attempts=3)
    for ask in (lambda: check_revision(database_url), lambda: store.add(a_spec())):
        with pytest.raises(Unavailable, match="run `gradlab migrate`") as refusal:
            ask()
        assert not isinstance(refusal.value, DatabaseTooNew)
    store.close()


def test_bringing_it_up_to_date_signs_it_once(sqlite_url):
    upgrade(sqlite_url)
    engine = connect(sqlite_url)
    with writing(engine) as connection:
        at, signed = (
            connection.execute(text(f"SELECT * FROM {name}")).all() for name in ("alembic_version", "migrations")
        )
    engine.dispose()
    assert [row[0] for row in at] == [row[0] for row in signed]


@pytest.mark.parametrize("command", one_in(3, ["serve", "migrate", "serve --api-only", "worker"]))
def test_nothing_starts_on_it_and_one_line_says_why(command, sqlite_url, tmp_path):
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    at_revision(sqlite_url, "9999")
    data, before = tmp_path / "data", fingerprint(file)
    program = [sys.executable, "-m", "worker"] if command == "worker" else [GRADLAB, *command.split()]
    port = {"GRADLAB_PORT": str(free_port())}
    environment = alone(DATA_DIR=str(data), DATABASE_URL=sqlite_url) | port
    ended = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 4, ended.stderr
    (line,) = ended.stderr.strip().splitlines()
    assert line.startswith("gradlab: The database is at revision 9999")
    after = fingerprint(file)
    assert after[0] == before[0]
