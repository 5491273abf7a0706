"""Note which experiments were added for trials."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# What trials refer to now. A trial of a treatment of the experiment itself, on its own seeds, is no other experiment;
# and a triage may still be referred to beside the training that follows it.
NOTED = """
    INSERT INTO trial_experiments (experiment, treatment, position)
    SELECT referred.experiment, MIN(referred.treatment), MIN(referred.position) FROM (
        SELECT trained_in AS experiment, treatment, position FROM trials WHERE trained_in IS NOT NULL
        UNION ALL SELECT looked_in, treatment, position FROM trials WHERE looked_in IS NOT NULL
    ) AS referred
    JOIN treatments ON treatments.number = referred.treatment
    WHERE treatments.experiment <> referred.experiment
    GROUP BY referred.experiment
"""


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "trial_experiments",
        sa.Column("experiment", number, nullable=False),
        sa.Column("treatment", number, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment"],
            ["experiments.number"],
            name=op.f("fk_trial_experiments_experiment_experiments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["treatment"],
            ["treatments.number"],
            name=op.f("fk_trial_experiments_treatment_treatments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("experiment", name=op.f("pk_trial_experiments")),
    )
    op.create_index(op.f("ix_trial_experiments_treatment"), "trial_experiments", ["treatment"])
    op.execute(NOTED)


def downgrade() -> None:
    op.drop_index(op.f("ix_trial_experiments_treatment"), table_name="trial_experiments")
    op.drop_table("trial_experiments")
