"""Count the claims on checks of datasets, and give the database an id by which its storage knows it."""

from collections.abc import Sequence
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("datasets", sa.Column("claims", sa.Integer(), nullable=False, server_default="0"))
    identity = op.create_table(
        "identity",
        sa.Column("id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
    )
    op.bulk_insert(identity, [{"id": uuid4().hex}])


def downgrade() -> None:
    op.drop_table("identity")
    op.drop_column("datasets", "claims")
