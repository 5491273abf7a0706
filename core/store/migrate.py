"""Bring a database to the tables that this code knows, and say whether it is there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from core.store.database import connect, make_room, reading, writing

SCRIPTS = Path(__file__).parents[2] / "migrations"
# Any number of our own: the name of the lock under which one migration at a time runs.
MIGRATION_LOCK = 4_791_203


def upgrade(url: str) -> None:
    """Migrate to head. Two at once are safe: the second waits, and finds nothing to do.

    Raises:
        Unavailable: the database does not answer, or a table stays locked.
    """
    make_room(url)
    engine = connect(url)
    try:
        with writing(engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": MIGRATION_LOCK})
            command.upgrade(_config(connection), "head")
    finally:
        engine.dispose()


def is_at_head(url: str) -> bool:
    """Whether the tables are those that this code knows.

    Raises:
        Unavailable: the database does not answer.
    """
    engine = connect(url)
    try:
        with reading(engine) as connection:
            current = MigrationContext.configure(connection).get_current_heads()
    finally:
        engine.dispose()
    return set(current) == set(ScriptDirectory.from_config(_config()).get_heads())


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
