"""How Alembic reaches the database: by the connection handed in, or by the settings."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from core.settings import Settings
from core.store.database import connect, make_room
from core.store.tables import UtcDateTime, metadata


def without_our_code(kind: str, item: Any, _: object) -> str | Literal[False]:
    """A migration is history: it must not change when our types do."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def migrate(connection: Connection) -> None:
    """Run what was asked for inside one transaction."""
    if connection.dialect.name == "postgresql":
        # A migration that waits for a table makes everybody behind it wait too: rather give up and try again.
        connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
    # SQLite cannot alter a column in place: batch mode copies the table.
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, render_item=without_our_code
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """`core.store.migrate` brings its connection, the command line does not."""
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
