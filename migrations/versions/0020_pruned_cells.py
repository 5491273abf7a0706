"""Add where cells of studies were pruned."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("cells", sa.Column("pruned_epoch", sa.Integer()))
    op.add_column("cells", sa.Column("pruned_value", sa.Double()))


def downgrade() -> None:
    """Drop the marks of pruned cells, which an earlier version cannot read: they are cancelled."""
    op.execute("UPDATE cells SET status = 'cancelled' WHERE status = 'pruned'")
    for column in ("pruned_value", "pruned_epoch"):
        op.drop_column("cells", column)
