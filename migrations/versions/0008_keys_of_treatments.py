"""Add idempotency keys of treatments."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAME = "ix_treatments_experiment_idempotency_key"


def upgrade() -> None:
    # In place: SQLite's batch mode would delete the rows that treatments own, with the table that it copies.
    op.add_column("treatments", sa.Column("idempotency_key", sa.String(255), nullable=True))
    op.create_index(NAME, "treatments", ["experiment", "idempotency_key"], unique=True)


def downgrade() -> None:
    op.drop_index(NAME, "treatments")
    op.drop_column("treatments", "idempotency_key")
