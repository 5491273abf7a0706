"""Add studies with their cells, and what workers choose experiments by: priority, architecture and training."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("experiments", sa.Column("priority", sa.String(16), nullable=False, server_default="ordinary"))
    op.add_column("experiments", sa.Column("architecture", sa.String(64)))
    op.add_column("experiments", sa.Column("training_key", sa.String(64)))
    op.create_index(op.f("ix_experiments_training_key"), "experiments", ["training_key"])
    op.create_table(
        "studies",
        sa.Column("number", number, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.String(255)),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("measured", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("stopped", sa.String(32)),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_studies")),
        sa.UniqueConstraint("id", name=op.f("uq_studies_id")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_studies_idempotency_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_studies_status"), "studies", ["status"])
    op.create_table(
        "cells",
        sa.Column("study", number, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("batch", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("seeds", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("experiment", number),
        sa.Column("reused", sa.Boolean(), nullable=False),
        sa.Column("result", sa.Text()),
        sa.Column("seconds", sa.Double()),
        sa.Column("error", sa.Text()),
        sa.ForeignKeyConstraint(["study"], ["studies.number"], name=op.f("fk_cells_study_studies"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["experiment"],
            ["experiments.number"],
            name=op.f("fk_cells_experiment_experiments"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("study", "position", "batch", name=op.f("pk_cells")),
    )
    op.create_index(op.f("ix_cells_experiment"), "cells", ["experiment"])
    op.create_index(op.f("ix_cells_study_status"), "cells", ["study", "status"])


def downgrade() -> None:
    """Drop studies; the experiments of their cells stay."""
    op.drop_index(op.f("ix_cells_study_status"), table_name="cells")
    op.drop_index(op.f("ix_cells_experiment"), table_name="cells")
    op.drop_table("cells")
    op.drop_index(op.f("ix_studies_status"), table_name="studies")
    op.drop_table("studies")
    op.drop_index(op.f("ix_experiments_training_key"), table_name="experiments")
    for column in ("training_key", "architecture", "priority"):
        op.drop_column("experiments", column)
