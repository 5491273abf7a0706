"""Add treatments and their trials."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "treatments",
        sa.Column("number", number, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("experiment", number, nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("candidates", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["experiment"],
            ["experiments.number"],
            name=op.f("fk_treatments_experiment_experiments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_treatments")),
        sa.UniqueConstraint("id", name=op.f("uq_treatments_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_treatments_experiment"), "treatments", ["experiment"])
    op.create_index(op.f("ix_treatments_status"), "treatments", ["status"])
    op.create_table(
        "trials",
        sa.Column("treatment", number, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("remedies", sa.JSON(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("looked_in", number, nullable=True),
        sa.Column("trained_in", number, nullable=True),
        sa.Column("look", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["looked_in"],
            ["experiments.number"],
            name=op.f("fk_trials_looked_in_experiments"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["trained_in"],
            ["experiments.number"],
            name=op.f("fk_trials_trained_in_experiments"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["treatment"],
            ["treatments.number"],
            name=op.f("fk_trials_treatment_treatments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("treatment", "position", name=op.f("pk_trials")),
    )
    op.create_index(op.f("ix_trials_looked_in"), "trials", ["looked_in"])
    op.create_index(op.f("ix_trials_trained_in"), "trials", ["trained_in"])


def downgrade() -> None:
    op.drop_table("trials")
    op.drop_table("treatments")
