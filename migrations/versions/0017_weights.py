"""Add uploaded weights, and which experiments begin with them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

experiments = sa.table("experiments", sa.column("number"))
uses = sa.table("weights_uses", sa.column("experiment"))


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "uploaded_weights",
        sa.Column("number", number, nullable=False),
        sa.Column("id", sa.String(71), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tensors", sa.Text(), nullable=False),
        sa.Column("blob", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_uploaded_weights")),
        sa.UniqueConstraint("id", name=op.f("uq_uploaded_weights_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_uploaded_weights_blob"), "uploaded_weights", ["blob"])
    op.create_table(
        "weights_uses",
        sa.Column("experiment", number, nullable=False),
        sa.Column("weights", number, nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment"],
            ["experiments.number"],
            name=op.f("fk_weights_uses_experiment_experiments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["weights"],
            ["uploaded_weights.number"],
            name=op.f("fk_weights_uses_weights_uploaded_weights"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("experiment", "weights", name=op.f("pk_weights_uses")),
    )
    op.create_index(op.f("ix_weights_uses_weights"), "weights_uses", ["weights"])


def downgrade() -> None:
    """Delete trainings that begin with uploaded weights: the earlier version would fail on their specs."""
    op.execute(sa.delete(experiments).where(experiments.c.number.in_(sa.select(uses.c.experiment))))
    op.drop_index(op.f("ix_weights_uses_weights"), table_name="weights_uses")
    op.drop_table("weights_uses")
    op.drop_index(op.f("ix_uploaded_weights_blob"), table_name="uploaded_weights")
    op.drop_table("uploaded_weights")
