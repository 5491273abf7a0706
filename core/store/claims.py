"""What is asked of the store on behalf of workers: claim, finish, release, and find what is due.

An experiment belongs to the worker whose attempt is the row's own, while its status is running. Every write of a worker
begins with the one UPDATE that checks this (`fence`), which also locks the row: whoever lost the claim writes nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, case, delete, insert, or_, select, update

from core.plan.estimate import ahead_seconds, epoch_seconds
from core.records import Claim
from core.store import layouts, series, snapshots
from core.store.submissions import change_row, close_attempt, read_spec, sum_up
from core.store.tables import attempts, checkpoints, experiments, runs
from gradlab.errors import ClaimLost
from gradlab.measurement.history import Checkpoint
from gradlab.schemas.status import Status
from gradlab.spec import SERVICE, ExperimentSpec

# What becomes of an attempt, besides the final statuses.
RELEASED, LOST = "released", "lost"
# The pause between messages about one waiting experiment doubles so often, so that a long queue is not flooded.
DOUBLINGS = 3

# The estimate is right within a factor of three on an idle machine, and this one may be shared.
MARGIN = 6

ROW = experiments.c


def patience(spec: ExperimentSpec, lease: timedelta, *, compiling: bool) -> timedelta:
    """How long a worker may take for its next chunk: the lease, or longer where an epoch is slow.

    Args:
        spec: what is trained.
        lease: how long a worker may be silent at least.
        compiling: whether the chunk may come after compilation, and after pretraining where there is one.
    """
    epoch, ahead = sum(epoch_seconds(spec).values()), ahead_seconds(spec)
    return max(lease, timedelta(seconds=MARGIN * (epoch + ahead * compiling)))


def _expired(now: datetime) -> ColumnElement[bool]:
    """Experiments whose worker is dead; one that is trained elsewhere has none."""
    return and_(ROW.status == Status.running, ROW.lease_until < now, ROW.source == SERVICE)


def claim(
    connection: Connection, id: UUID, *, worker: str, now: datetime, lease: timedelta, max_attempts: int
) -> Claim | None:
    """Take an experiment that nobody trains: compare and set in one UPDATE, so that of two claims one succeeds."""
    dead = and_(_expired(now), ROW.stalled_attempts < max_attempts)  # the sweep will fail the others
    claimable = and_(ROW.id == id, or_(ROW.status == Status.queued, dead), ~ROW.cancel_requested)
    before = connection.execute(select(experiments).where(claimable).with_for_update()).one_or_none()
    if before is None:
        return None
    if before.status == Status.running:
        _lose(connection, before, now, _unheard(before))
    attempt, spec = before.attempt + 1, read_spec(before.spec)
    taken = {
        "status": Status.running,
        "attempt": attempt,
        "stalled_attempts": before.stalled_attempts + 1,
        "worker": worker,
        "lease_until": now + patience(spec, lease, compiling=True),
        "started_at": before.started_at or now,
        "published_at": None,
        "publications": 0,
    }
    change_row(connection, before.number, taken)
    started = {"experiment": before.number, "attempt": attempt, "worker": worker, "started_at": now}
    connection.execute(insert(attempts).values(started))
    _begin_again_if_measured_otherwise(connection, before.number, spec)
    found = connection.execute(select(checkpoints).where(checkpoints.c.experiment == before.number)).one_or_none()
    checkpoint = Checkpoint(found.seed, found.epoch, found.state) if found else None
    return Claim(id, attempt, spec, checkpoint)


def _begin_again_if_measured_otherwise(connection: Connection, number: int, spec: ExperimentSpec) -> None:
    """A spec that an earlier version took in may be measured differently by this one: the two cannot be joined."""
    if layouts.get(connection, number) == spec.layout:
        return
    forget(connection, connection.execute(select(runs.c.number).where(runs.c.experiment == number)).scalars().all())
    connection.execute(delete(checkpoints).where(checkpoints.c.experiment == number))
    layouts.replace(connection, number, spec.layout)


def forget(connection: Connection, numbers: Sequence[int]) -> None:
    """Some runs are as if they had never been trained."""
    series.forget(connection, numbers)
    snapshots.drop(connection, numbers)
    nothing = {"epochs_done": 0, "ended": False, "stopped_by": None, "final_metrics": None, "culprit": None}
    connection.execute(update(runs).where(runs.c.number.in_(numbers)).values(nothing))


def fence(connection: Connection, claim: Claim, **values: Any) -> Row[Any]:
    """Change the experiment's row on behalf of its worker, and hold it. Raises ClaimLost."""
    mine = and_(ROW.id == claim.experiment_id, ROW.attempt == claim.attempt, ROW.status == Status.running)
    values["revision"] = ROW.revision + 1
    row = connection.execute(update(experiments).where(mine).values(values).returning(*ROW)).one_or_none()
    if row is None:
        raise ClaimLost(f"Attempt {claim.attempt} at experiment {claim.experiment_id} is not the current one.")
    return row


def finish(
    connection: Connection,
    claim: Claim,
    status: Status,
    now: datetime,
    error: str | None,
    versions: dict[str, str] | None,
) -> None:
    """End an experiment. What was measured stays."""
    values = {"status": status, "finished_at": now, "lease_until": None}
    kept = {name: value for name, value in (("error", error), ("versions", versions)) if value is not None}
    row = fence(connection, claim, **values, **kept)
    close_attempt(connection, row.number, status, now, error)
    sum_up(connection, row.number)


def release(connection: Connection, claim: Claim, now: datetime) -> None:
    """Give an experiment back in good order: who comes first goes on, and the attempt is not held against it."""
    stalled_attempts = case((ROW.stalled_attempts > 0, ROW.stalled_attempts - 1), else_=0)
    values = {
        "lease_until": None,
        "published_at": None,
        "publications": 0,
        "stalled_attempts": stalled_attempts,
    }
    row = fence(connection, claim, status=Status.queued, **values)
    close_attempt(connection, row.number, RELEASED, now)
    if row.cancel_requested:  # it came between the last chunk and this
        change_row(connection, row.number, {"status": Status.cancelled, "finished_at": now})
        sum_up(connection, row.number)


def _unheard(row: Row[Any]) -> str:
    """What is known of a worker that is taken for dead."""
    return f"Attempt {row.attempt} was lost: worker {row.worker} has not been heard of since its lease ran out."


def _lose(connection: Connection, row: Row[Any], now: datetime, happened: str) -> None:
    """Close the attempt of a worker that is dead, or taken for it."""
    close_attempt(connection, row.number, LOST, now, happened)
    connection.execute(update(experiments).where(ROW.number == row.number).values(error=happened))


def waiting_triages(connection: Connection, limit: int) -> list[UUID]:
    """The looks that nobody has taken yet, oldest first; not those that have killed a process for want of memory."""
    waiting = and_(ROW.status == Status.queued, ROW.run_epochs == 0, ROW.memory_deaths == 0, ~ROW.cancel_requested)
    return list(connection.execute(select(ROW.id).where(waiting).order_by(ROW.number).limit(limit)).scalars())


def due(
    connection: Connection, *, now: datetime, overdue: ColumnElement[bool], limit: int, max_attempts: int
) -> list[UUID]:
    """Bury the dead, and name the experiments that need a message. They count as published from here on."""
    for row in connection.execute(select(experiments).where(_expired(now)).with_for_update(skip_locked=True)).all():
        requeue_or_fail(connection, row, now, max_attempts, happened=_unheard(row))
    waiting = (select(ROW.number, ROW.id).where(overdue).order_by(ROW.number).limit(limit)).with_for_update(
        skip_locked=True
    )
    found = connection.execute(waiting).all()
    published = {"published_at": now, "publications": ROW.publications + 1}
    connection.execute(update(experiments).where(ROW.number.in_([row.number for row in found])).values(published))
    return [row.id for row in found]


def anything_due(connection: Connection, *, now: datetime, overdue: ColumnElement[bool]) -> bool:
    """Whether `due` would do anything: most sweeps find nothing, and need not wait for a writer's turn."""
    query = select(ROW.number).where(or_(_expired(now), overdue)).limit(1)
    return connection.execute(query).first() is not None


def overdue(now: datetime, requeue_after: timedelta, *, patient: bool) -> ColumnElement[bool]:
    """Experiments that wait although their message should have been taken by now, or was never sent."""
    doublings = DOUBLINGS if patient else 0
    paused = [
        and_(
            ROW.publications == times if times <= doublings else ROW.publications >= times,
            ROW.published_at < now - requeue_after * 2 ** (times - 1),
        )
        for times in range(1, doublings + 2)
    ]
    return and_(ROW.status == Status.queued, or_(ROW.published_at.is_(None), *paused))


def requeue_or_fail(
    connection: Connection,
    row: Row[Any],
    now: datetime,
    max_attempts: int,
    *,
    happened: str,
    values: Mapping[str, Any] = {},
) -> None:
    """A worker has died: its experiment waits for another, unless it was to be cancelled or kills whoever takes it.

    Args:
        row: of the experiment, locked.
        max_attempts: it fails after so many attempts in a row that brought no newer checkpoint.
        happened: what is kept of the attempt.
        values: what else changes; with a status, that one.
    """
    _lose(connection, row, now, happened)
    changed = {"lease_until": None, "published_at": None, "publications": 0, "status": Status.queued, **values}
    if row.cancel_requested:
        changed |= {"status": Status.cancelled}
    elif row.stalled_attempts >= max_attempts and changed["status"] == Status.queued:
        error = f"{row.stalled_attempts} attempts in a row got no further. {happened}"
        changed |= {"status": Status.failed, "error": error}
    if changed["status"] != Status.queued:
        changed["finished_at"] = now
    change_row(connection, row.number, changed)
    if changed["status"] != Status.queued:
        sum_up(connection, row.number)


def not_published(connection: Connection, ids: list[UUID]) -> None:
    """Their messages did not get out: the next sweep tries again."""
    waiting = and_(ROW.id.in_(ids), ROW.status == Status.queued)
    connection.execute(update(experiments).where(waiting).values(published_at=None, publications=0))
