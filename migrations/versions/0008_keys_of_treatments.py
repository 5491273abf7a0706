"""Idempotency keys of treatments: a POST that is sent again makes no second one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAME = "ix_treatments_experiment_idempotency_key"


def upgrade() -> None:
    # In place: treatments own rows of others, which SQLite's batch mode would drop with the table that it copies.
    op.add_column("treatments", sa.Column("idempotency_key", sa.String(255), nullable=True))
    op.create_index(NAME, "treatments", ["experiment", "idempotency_key"], unique=True)


def downgrade() -> None:
    op.drop_index(NAME, "treatments")
    op.drop_column("treatments", "idempotency_key")
