"""Rows of the summaries of diagnoses."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from core.records import StoredSummary
from core.store.tables import experiments, verdicts
from gradlab.diagnosis.summary import DiagnosisSummary
from gradlab.schemas.status import Status

FINISHED = tuple(status for status in Status if status.is_finished)


def get(connection: Connection, numbers: Sequence[int]) -> dict[int, StoredSummary]:
    """Return the summaries of experiments by their numbers, without those that have none."""
    rows = connection.execute(select(verdicts).where(verdicts.c.experiment.in_(numbers)))
    return {row.experiment: _summary(row) for row in rows}


def get_by_id(connection: Connection, id: UUID) -> StoredSummary | None:
    """Return the summary of the experiment with this id; None if there is none."""
    query = select(verdicts).join(experiments, verdicts.c.experiment == experiments.c.number)
    row = connection.execute(query.where(experiments.c.id == id)).one_or_none()
    return _summary(row) if row else None


def _summary(row: Row[Any]) -> StoredSummary:
    summary = DiagnosisSummary(row.verdict, row.root_cause, row.title, row.confidence, row.unjudged)
    return StoredSummary(summary, row.rules)


def put(connection: Connection, number: int, summary: StoredSummary) -> None:
    """Store the summary of an experiment, unless it is stored already."""
    if get(connection, [number]).get(number) == summary:
        return
    row, this = asdict(summary.summary) | {"rules": summary.rules}, verdicts.c.experiment == number
    if not connection.execute(update(verdicts).where(this).values(row)).rowcount:
        connection.execute(insert(verdicts).values(experiment=number, **row))


def drop(connection: Connection, number: int) -> None:
    """Drop the summary of an experiment."""
    connection.execute(delete(verdicts).where(verdicts.c.experiment == number))


def due(connection: Connection, rules: str, limit: int) -> list[UUID]:
    """Return finished experiments without a summary by these rules, newest first."""
    query = select(experiments.c.id).outerjoin(verdicts, verdicts.c.experiment == experiments.c.number)
    query = query.where(experiments.c.status.in_(FINISHED), or_(verdicts.c.rules.is_(None), verdicts.c.rules != rules))
    return list(connection.execute(query.order_by(experiments.c.number.desc()).limit(limit)).scalars())
