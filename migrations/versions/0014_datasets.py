"""Add uploaded datasets, and blobs of large networks and checkpoints."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "datasets",
        sa.Column("number", number, nullable=False),
        sa.Column("id", sa.String(71), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("contents", sa.Text(), nullable=True),
        sa.Column("profile", sa.Text(), nullable=True),
        sa.Column("problems", sa.Text(), nullable=True),
        sa.Column("blob", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_datasets")),
        sa.UniqueConstraint("id", name=op.f("uq_datasets_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_datasets_blob"), "datasets", ["blob"])
    op.create_index(op.f("ix_datasets_status"), "datasets", ["status"])
    op.create_table(
        "dataset_uses",
        sa.Column("experiment", number, nullable=False),
        sa.Column("dataset", number, nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment"],
            ["experiments.number"],
            name=op.f("fk_dataset_uses_experiment_experiments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["dataset"], ["datasets.number"], name=op.f("fk_dataset_uses_dataset_datasets"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("experiment", "dataset", name=op.f("pk_dataset_uses")),
    )
    op.create_index(op.f("ix_dataset_uses_dataset"), "dataset_uses", ["dataset"])
    for table in ("checkpoints", "snapshots"):
        op.add_column(table, sa.Column("blob", sa.String(64), nullable=True))
        op.create_index(op.f(f"ix_{table}_blob"), table, ["blob"])


def downgrade() -> None:
    for table in ("checkpoints", "snapshots"):
        op.drop_index(op.f(f"ix_{table}_blob"), table_name=table)
        op.drop_column(table, "blob")
    op.drop_index(op.f("ix_dataset_uses_dataset"), table_name="dataset_uses")
    op.drop_table("dataset_uses")
    op.drop_index(op.f("ix_datasets_status"), table_name="datasets")
    op.drop_index(op.f("ix_datasets_blob"), table_name="datasets")
    op.drop_table("datasets")
