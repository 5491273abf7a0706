"""Add the revisions at which cells of studies have changed: event streams resume from them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A study begins at revision 1, and streams from the beginning send what has changed since revision 0.
    op.add_column("cells", sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
    op.create_index(op.f("ix_cells_study_revision"), "cells", ["study", "revision"])


def downgrade() -> None:
    op.drop_index(op.f("ix_cells_study_revision"), table_name="cells")
    op.drop_column("cells", "revision")
