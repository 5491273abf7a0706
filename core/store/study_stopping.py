"""Statements that stop studies and their cells: pause, cancel, continue, delete and prune."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, or_, select, update

from core.store import study_reading, submissions
from core.store.study_reading import DRAWN
from core.store.study_rows import UNDRAWN, at, reopen, revision_of
from core.store.study_tables import cells, studies
from core.store.tables import BATCH, experiments
from core.study import Cell, Pruned
from gradlab.errors import Conflict
from gradlab.schemas.status import CellStatus, Status, StudyStatus

_OTHER = cells.alias("other")
_SHARED = exists().where(
    _OTHER.c.experiment == cells.c.experiment, _OTHER.c.status == DRAWN, _OTHER.c.study != cells.c.study
)
# A cell that is under way, whose experiment its study has begun and no other study waits for.
OWN = and_(cells.c.status == DRAWN, ~cells.c.reused, ~_SHARED)


def halt(connection: Connection, id: UUID, status: StudyStatus, now: datetime) -> None:
    """Pause or cancel a study: cells that no worker has begun wait again; of a cancelled one the others are cancelled.

    Raises:
        NotFound: there is no such study.
        Conflict: it is neither running nor, to be cancelled, paused.
    """
    row = study_reading.find(connection, id)
    before = (StudyStatus.running, *((StudyStatus.paused,) if status is StudyStatus.cancelled else ()))
    if row.status not in before:
        raise Conflict(f"The study is {row.status}: only one that is {' or '.join(before)} can be {status}.")
    ended = now if status is StudyStatus.cancelled else None
    changed = {"status": status, "finished_at": ended, "revision": row.revision + 1}
    connection.execute(update(studies).where(studies.c.number == row.number).values(changed))
    _withdraw(connection, row.number)
    if status is StudyStatus.cancelled:
        _cancel_begun(connection, row.number, now)


def resume(connection: Connection, id: UUID) -> None:
    """Continue a study: cells that failed or were cancelled wait again. Raises NotFound and Conflict."""
    row = study_reading.find(connection, id)
    if row.status not in (StudyStatus.paused, StudyStatus.cancelled, StudyStatus.failed):
        raise Conflict(f"The study is {row.status}: only one that was paused or cancelled, or has failed, continues.")
    ended = cells.c.status.in_((CellStatus.failed, CellStatus.cancelled))
    # Workers stop at their next chunk: some may still train what was cancelled with the study.
    stopping = exists().where(experiments.c.number == cells.c.experiment, experiments.c.cancel_requested)
    broken = or_(ended, and_(cells.c.status == DRAWN, stopping, cells.c.pruned_epoch.is_(None)))
    reopen(connection, row)
    undrawn = {**UNDRAWN, "revision": revision_of(row.number)}
    connection.execute(update(cells).where(cells.c.study == row.number, broken).values(undrawn))


def remove(connection: Connection, id: UUID, now: datetime) -> None:
    """Delete a study with its cells; their finished experiments stay. Raises NotFound."""
    row = study_reading.find(connection, id)
    _withdraw(connection, row.number)
    _cancel_begun(connection, row.number, now)
    connection.execute(delete(studies).where(studies.c.number == row.number))


def _withdraw(connection: Connection, study: int) -> None:
    """Let the cells whose experiment no worker has begun wait again, and delete those experiments that are theirs."""
    unbegun = and_(experiments.c.status == Status.queued, experiments.c.attempt == 0)
    query = select(experiments.c.number).join(cells, cells.c.experiment == experiments.c.number)
    mine = and_(cells.c.study == study, cells.c.status == DRAWN)
    numbers = list(connection.execute(query.where(mine, unbegun).with_for_update()).scalars())
    undrawn = {**UNDRAWN, "revision": revision_of(study)}
    connection.execute(update(cells).where(mine, cells.c.experiment.in_(numbers)).values(undrawn))
    unused = ~exists().where(cells.c.experiment == experiments.c.number)
    own = and_(experiments.c.number.in_(numbers), experiments.c.priority == BATCH, unused)
    connection.execute(delete(experiments).where(own))


def prune(connection: Connection, id: UUID, cell: Cell, pruned: Pruned, now: datetime) -> bool:
    """Cancel the experiment of a cell that is pruned.

    Returns:
        False if nothing was written: the cell is not under way any more, its experiment was there before, or another
        study waits for it.
    """
    study = connection.execute(select(studies.c.number).where(studies.c.id == id).with_for_update()).scalar()
    if study is None:
        return False
    own = and_(cells.c.study == study, at(cell.place), OWN, ~experiments.c.cancel_requested)
    row = connection.execute(_unfinished(own)).one_or_none()
    # The second statement sees the cells of others that have named the experiment until it was locked.
    if row is None or connection.execute(_unfinished(own)).one_or_none() is None:
        return False
    submissions.cancel(connection, row.id, now)
    mark = {"pruned_epoch": pruned.epoch, "pruned_value": pruned.value, "revision": revision_of(study)}
    raised = {"revision": studies.c.revision + 1}
    connection.execute(update(studies).where(studies.c.number == study).values(raised))
    connection.execute(update(cells).where(cells.c.study == study, at(cell.place)).values(mark))
    return True


def _cancel_begun(connection: Connection, study: int, now: datetime) -> None:
    """Cancel the running experiments of a study's cells that no other study waits for."""
    for row in connection.execute(_unfinished(and_(cells.c.study == study, OWN))).all():
        submissions.cancel(connection, row.id, now)


def _unfinished(mine: ColumnElement[bool]) -> Select[Any]:
    """Return the query of the unfinished experiments of some cells.

    They are locked: what its worker has ended meanwhile could not be cancelled.
    """
    unfinished = experiments.c.status.in_((Status.queued, Status.running))
    query = select(experiments.c.id).join(cells, cells.c.experiment == experiments.c.number).where(mine, unfinished)
    return query.with_for_update(of=experiments)
