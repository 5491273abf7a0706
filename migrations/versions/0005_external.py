"""Add trainings elsewhere: the source of an experiment, and the error of a run."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

experiments = sa.table("experiments", sa.column("source", sa.String()))


def upgrade() -> None:
    # In place: SQLite's batch mode would delete the rows that these tables own, with the table that it copies.
    op.add_column("experiments", sa.Column("source", sa.String(16), nullable=False, server_default="service"))
    op.add_column("runs", sa.Column("error", sa.Text(), nullable=True))


def downgrade() -> None:
    """Delete trainings elsewhere: the earlier version would fail on their specs."""
    op.execute(sa.delete(experiments).where(experiments.c.source != "service"))
    op.drop_column("runs", "error")
    op.drop_column("experiments", "source")
