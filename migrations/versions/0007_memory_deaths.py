"""Add the number of an experiment's attempts that ran out of memory."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # In place: SQLite's batch mode would delete the rows that this table owns, with the table that it copies.
    op.add_column("experiments", sa.Column("memory_deaths", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("experiments", "memory_deaths")
