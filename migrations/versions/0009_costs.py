"""Add measured costs of trainings, by machine, for the estimates."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "costs",
        sa.Column("number", number, nullable=False),
        sa.Column("machine", sa.String(255), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("start_seconds", sa.Double(), nullable=False),
        sa.Column("rest_seconds", sa.Double(), nullable=False),
        sa.Column("groups", sa.Integer(), nullable=False),
        sa.Column("epochs", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_costs")),
    )
    op.create_index(op.f("ix_costs_machine_number"), "costs", ["machine", "number"])


def downgrade() -> None:
    op.drop_table("costs")
