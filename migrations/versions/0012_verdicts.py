"""Add summaries of diagnoses."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "verdicts",
        sa.Column("experiment", number, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("root_cause", sa.String(64), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("confidence", sa.String(16), nullable=False),
        sa.Column("unjudged", sa.Integer(), nullable=False),
        sa.Column("rules", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment"], ["experiments.number"], name=op.f("fk_verdicts_experiment_experiments"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("experiment", name=op.f("pk_verdicts")),
    )
    op.create_index(op.f("ix_verdicts_verdict"), "verdicts", ["verdict"])


def downgrade() -> None:
    op.drop_index(op.f("ix_verdicts_verdict"), table_name="verdicts")
    op.drop_table("verdicts")
