"""Add the facts about an experiment's data, and the wiring of runs that are trained elsewhere."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "facts",
        sa.Column("experiment", number, nullable=False),
        sa.Column("facts", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["experiment"], ["experiments.number"], name=op.f("fk_facts_experiment_experiments"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("experiment", name=op.f("pk_facts")),
    )
    op.create_table(
        "wirings",
        sa.Column("run", number, nullable=False),
        sa.Column("wiring", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.number"], name=op.f("fk_wirings_run_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_wirings")),
    )


def downgrade() -> None:
    op.drop_table("wirings")
    op.drop_table("facts")
