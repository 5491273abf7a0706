"""The tables of studies and their cells."""

from uuid import UUID

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
    select,
)

from core.store.tables import Number, UtcDateTime, experiments, metadata

studies = Table(
    "studies",
    metadata,
    Column("number", Number, primary_key=True),  # rises with each study; the cursor of pages
    Column("id", Uuid, nullable=False, unique=True),
    Column("idempotency_key", String(255), unique=True),
    Column("request", Text, nullable=False),  # JSON of the spec that it began with; extensions change `spec` alone
    Column("spec", Text, nullable=False),  # JSON of gradlab.spec.study.StudySpec
    Column("measured", String(64), nullable=False),  # hash of what results depend on besides the experiment
    Column("status", String(16), nullable=False, index=True),
    Column("stopped", String(32)),
    Column("revision", Integer, nullable=False, default=1),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("error", Text),
    sqlite_autoincrement=True,
)

# One row for each cell and batch of seeds: an extension by seeds adds a batch to every cell.
cells = Table(
    "cells",
    metadata,
    Column("study", Number, ForeignKey("studies.number", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("batch", Integer, primary_key=True, autoincrement=False),
    Column("point", Text, nullable=False),  # JSON: a value for each axis
    Column("seeds", JSON, nullable=False),
    Column("status", String(16), nullable=False),  # "waiting", "drawn": it has an experiment, or a final CellStatus
    Column("experiment", Number, ForeignKey("experiments.number", ondelete="SET NULL"), index=True),
    Column("reused", Boolean, nullable=False, default=False),  # the experiment was there before
    Column("result", Text),  # JSON of core.study.CellResult
    Column("seconds", Double),  # of its training
    Column("error", Text),
    Column("pruned_epoch", Integer),
    Column("pruned_value", Double),  # null where it is not finite
    Column("revision", Integer, nullable=False, server_default="1"),  # the study's at the row's last change
    Index(None, "study", "status"),
    Index(None, "study", "revision"),
)


def is_cell_of(study_id: UUID) -> ColumnElement[bool]:
    """Return the condition that an experiment is that of a cell of the study with this id."""
    mine = select(cells.c.experiment).join(studies, studies.c.number == cells.c.study).where(studies.c.id == study_id)
    return experiments.c.number.in_(mine.where(cells.c.experiment.is_not(None)))
