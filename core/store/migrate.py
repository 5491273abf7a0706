"""Migrate a database to this version's revision, and refuse one that a later version has migrated."""

from functools import cache
from importlib.metadata import version
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event, inspect, select, text

from core.store.database import connect, is_reading, make_room, reading, writing
from core.store.tables import migrations
from gradlab.errors import DatabaseTooNew, Unavailable

SCRIPTS = Path(__file__).parents[2] / "migrations"
# An arbitrary number: the name of the lock under which one migration at a time runs.
MIGRATION_LOCK = 4_791_203


def upgrade(url: str) -> None:
    """Migrate to head. Two at once are safe: the second waits, and has nothing to do.

    Raises:
        Unavailable: the database does not answer, or a table stays locked.
        DatabaseTooNew: a later version has migrated it. Nothing was written.
    """
    make_room(url)
    engine = connect(url)
    try:
        with writing(engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": MIGRATION_LOCK})
            _refuse_unknown(connection)
            command.upgrade(_config(connection), "head")
            _sign(connection)
    finally:
        engine.dispose()


def check_revision(url: str) -> None:
    """Check that the database is at this version's revision.

    Raises:
        Unavailable: the database does not answer, or has to be migrated first.
        DatabaseTooNew: a later version has migrated it.
    """
    engine = connect(url)
    try:
        with reading(engine) as connection:
            _refuse_unknown(connection)
            _refuse_earlier(connection)
    finally:
        engine.dispose()


def guard(engine: Engine) -> None:
    """Check the revision at the beginning of every write: another version may migrate while this one runs."""

    @event.listens_for(engine, "begin")
    def check(connection: Connection) -> None:
        if not is_reading(connection) and _revision(connection) != _head():
            _refuse_unknown(connection)
            _refuse_earlier(connection)


def _revision(connection: Connection) -> str | None:
    revision: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return revision


def _refuse_unknown(connection: Connection) -> None:
    current = set(MigrationContext.configure(connection).get_current_heads())
    if unknown := sorted(current - _revisions()):
        raise DatabaseTooNew(
            f"The database is at revision {unknown[0]}, and this version of Gradient Lab ({_version()}) knows none "
            f"beyond {_head()}: it needs {_who_migrated(connection, unknown[0])}. Nothing was written."
        )


def _refuse_earlier(connection: Connection) -> None:
    current = MigrationContext.configure(connection).get_current_heads()
    if set(current) != {_head()}:
        at = f"at revision {current[0]}" if current else "without tables"
        raise Unavailable(f"The database is {at}, and this version needs revision {_head()}: run `gradlab migrate`.")


def _sign(connection: Connection) -> None:
    """Store the version that has migrated to this revision, so that earlier versions can name it."""
    signed = connection.execute(select(migrations.c.version).where(migrations.c.revision == _head())).scalar()
    if signed is None:
        connection.execute(migrations.insert().values(revision=_head(), version=_version()))


def _who_migrated(connection: Connection, revision: str) -> str:
    named: str | None = None
    if inspect(connection).has_table(migrations.name):
        query = select(migrations.c.version).where(migrations.c.revision == revision)
        named = connection.execute(query).scalar()
    return f"version {named} or a later one" if named else f"a version that knows revision {revision}"


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


@cache
def _revisions() -> frozenset[str]:
    return frozenset(each.revision for each in _scripts().walk_revisions())


@cache
def _head() -> str:
    return str(_scripts().get_current_head())


def _version() -> str:
    return version("gradient-lab")


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
