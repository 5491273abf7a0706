"""Add kinds of series, each with a layout of its own, and the culprit of a diverged run."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

layouts = sa.table(
    "layouts",
    sa.column("experiment", sa.BigInteger()),
    sa.column("tensors", sa.JSON()),
    sa.column("statistics", sa.JSON()),
    sa.column("series", sa.JSON()),
)
runs = sa.table("runs", sa.column("number", sa.BigInteger()), sa.column("experiment", sa.BigInteger()))
series = sa.table("series", sa.column("run", sa.BigInteger()), sa.column("kind", sa.String()))


def upgrade() -> None:
    # On SQLite batch mode copies a table and drops the old one. With foreign keys on, that deletes the rows that it
    # owns. `layouts` and `series` own none; `runs` owns series, so that its column is added in place.
    op.add_column("runs", sa.Column("culprit", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("layouts", sa.Column("series", sa.JSON(), nullable=True))
    connection = op.get_bind()
    for row in connection.execute(sa.select(layouts.c.experiment, layouts.c.tensors, layouts.c.statistics)).all():
        gradients = {"kind": "gradients", "tensors": row.tensors, "columns": row.statistics, "every": 1}
        _change(connection, row.experiment, series=[gradients])
    with op.batch_alter_table("layouts", schema=None) as batch_op:
        batch_op.alter_column("series", existing_type=sa.JSON(), nullable=False)
        batch_op.drop_column("statistics")
        batch_op.drop_column("tensors")
    with op.batch_alter_table("series", schema=None) as batch_op:
        batch_op.alter_column("kind", existing_type=sa.String(16), type_=sa.String(32), existing_nullable=False)


def downgrade() -> None:
    """Drop all series but metrics and gradients of every epoch: the first version stores no others."""
    connection = op.get_bind()
    op.add_column("layouts", sa.Column("tensors", sa.JSON(), nullable=True))
    op.add_column("layouts", sa.Column("statistics", sa.JSON(), nullable=True))
    for row in connection.execute(sa.select(layouts.c.experiment, layouts.c.series)).all():
        known = next((each for each in row.series if each["kind"] == "gradients" and each["every"] == 1), None)
        if known is None:
            known = {"tensors": [], "columns": ["mean_abs"]}
            mine = sa.select(runs.c.number).where(runs.c.experiment == row.experiment)
            connection.execute(sa.delete(series).where(series.c.run.in_(mine), series.c.kind == "gradients"))
        _change(connection, row.experiment, tensors=known["tensors"], statistics=known["columns"])
    connection.execute(sa.delete(series).where(series.c.kind.not_in(["metrics", "gradients"])))
    with op.batch_alter_table("series", schema=None) as batch_op:
        batch_op.alter_column("kind", existing_type=sa.String(32), type_=sa.String(16), existing_nullable=False)
    with op.batch_alter_table("layouts", schema=None) as batch_op:
        batch_op.alter_column("tensors", existing_type=sa.JSON(), nullable=False)
        batch_op.alter_column("statistics", existing_type=sa.JSON(), nullable=False)
        batch_op.drop_column("series")
    op.drop_column("runs", "culprit")


def _change(connection: sa.Connection, experiment: int, **values: Any) -> None:
    connection.execute(sa.update(layouts).where(layouts.c.experiment == experiment).values(values))
