"""Queries for the experiments that wait for a worker."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, and_, case, desc, func, select

from core.store.tables import BATCH, ORDINARY, experiments
from gradlab.schemas.status import Status

ROW = experiments.c
# Time for which a worker may pass over an experiment of a batch for others whose program it has compiled.
MAX_PASSED_OVER = timedelta(seconds=60)
UNCLAIMED = and_(ROW.status == Status.queued, ~ROW.cancel_requested)


def waiting_triages(connection: Connection, limit: int) -> list[UUID]:
    """Unclaimed triages, oldest first, without those of batches and those whose process once ran out of memory."""
    waiting = and_(UNCLAIMED, ROW.run_epochs == 0, ROW.priority == ORDINARY, ROW.memory_deaths == 0)
    return list(connection.execute(select(ROW.id).where(waiting).order_by(ROW.number).limit(limit)).scalars())


def is_batch(connection: Connection, id: UUID) -> bool:
    """Return True if an experiment yields to ordinary ones."""
    return connection.execute(select(ROW.priority).where(ROW.id == id)).scalar() == BATCH


def is_waiting(connection: Connection, id: UUID) -> bool:
    """Return True if an experiment waits for a worker."""
    return connection.execute(select(ROW.id).where(UNCLAIMED, ROW.id == id)).first() is not None


def next_waiting(connection: Connection, held: Collection[str], now: datetime) -> UUID | None:
    """Return the experiment to claim next: by priority; in a batch by architecture; then by age.

    Args:
        connection: of the transaction.
        held: hashes of the architectures that the worker has compiled. They are preferred until another one of a batch
            has waited for `MAX_PASSED_OVER`.
        now: the present time.
    """
    batch = ROW.priority == BATCH
    rank = case((~batch, 0), (ROW.created_at < now - MAX_PASSED_OVER, 1), (ROW.architecture.in_(held), 2), else_=3)
    return connection.execute(select(ROW.id).where(UNCLAIMED).order_by(rank, ROW.number).limit(1)).scalar()


def next_to_compile(connection: Connection, made: Collection[str]) -> UUID | None:
    """Return the experiment that will be claimed next of those with another architecture than these."""
    other = and_(UNCLAIMED, ROW.run_epochs > 0, ROW.memory_deaths == 0, ROW.architecture.not_in(made))
    query = select(ROW.id).where(other).order_by(case((ROW.priority == BATCH, 1), else_=0), ROW.number).limit(1)
    return connection.execute(query).scalar()


def most_requested(connection: Connection, limit: int, since: datetime) -> list[UUID]:
    """Return the last experiment of each architecture that was asked for most often since a time, most often first."""
    recent = and_(ROW.created_at >= since, ROW.run_epochs > 0, ROW.architecture.is_not(None), ROW.memory_deaths == 0)
    counted = select(func.max(ROW.number).label("last"), func.count().label("times")).where(recent)
    often = counted.group_by(ROW.architecture).order_by(desc("times"), desc("last")).limit(limit).subquery()
    query = select(ROW.id).join(often, often.c.last == ROW.number).order_by(often.c.times.desc(), ROW.number.desc())
    return list(connection.execute(query).scalars())
