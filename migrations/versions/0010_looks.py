"""Add the epochs of an experiment's spec: workers select triages by 0 epochs."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("experiments", sa.Column("run_epochs", sa.Integer()))
    op.create_index("ix_experiments_status_run_epochs", "experiments", ["status", "run_epochs"])


def downgrade() -> None:
    op.drop_index("ix_experiments_status_run_epochs", "experiments")
    op.drop_column("experiments", "run_epochs")
