"""Alembic's environment: migrate on the connection of the caller, or on the database of the settings."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from core.settings import Settings
from core.store.database import connect, make_room
from core.store.tables import UtcDateTime, metadata


def without_our_code(kind: str, item: Any, _: object) -> str | Literal[False]:
    """Render UtcDateTime as SQLAlchemy's own type, so that a migration does not depend on later changes of it."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def migrate(connection: Connection) -> None:
    """Run the requested migrations in one transaction."""
    if connection.dialect.name == "postgresql":
        # A migration that waits for a table blocks all later queries: it gives up, and is tried again.
        connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
    # SQLite cannot alter a column in place: batch mode copies the table.
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, render_item=without_our_code
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Migrate on the connection of `core.store.migrate`, or on a new one for Alembic's command line."""
    given = context.config.attributes.get("connection")
    if given is not None:
        migrate(given)
        return
    url = Settings().database
    make_room(url)
    engine = connect(url)
    with engine.begin() as connection:
        migrate(connection)
    engine.dispose()


main()
