"""Workers' transactions: claim, finish and release an experiment, and list the experiments that are due.

An experiment belongs to the worker whose attempt number equals the row's, while its status is running. Every write of a
worker begins with one UPDATE that checks this and locks the row (`fence`). A worker that lost its claim writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Connection, Row, and_, case, delete, insert, or_, select, update

from core.plan.estimate import ahead_seconds, epoch_seconds
from core.records import Claim
from core.store import layouts, series, snapshots
from core.store.large import Kept, LargeBytes
from core.store.submissions import change_row, close_attempt, read_spec, sum_up
from core.store.tables import attempts, checkpoints, experiments, runs
from gradlab.errors import ClaimLost, NotFound
from gradlab.measurement.history import Checkpoint
from gradlab.schemas.status import Status
from gradlab.spec import SERVICE, ExperimentSpec

log = structlog.get_logger()

# Outcomes of an attempt, besides the final statuses.
RELEASED, LOST = "released", "lost"
# The pause between two messages about a waiting experiment doubles at most this often. A long queue is not flooded.
DOUBLINGS = 3


# The estimate is right within a factor of three on an idle machine; a shared one may be half as fast.
MARGIN = 6
# Epochs between two chunks: while one is measured, the next one is trained, and both may precede a chunk.
EPOCHS = 2

ROW = experiments.c


def patience(spec: ExperimentSpec, lease: timedelta, *, compiling: bool) -> timedelta:
    """Return the time within which a worker has to store its next chunk: the lease, or more where epochs are slow.

    Args:
        spec: the spec that is trained.
        lease: the lower bound.
        compiling: True if compilation, and pretraining where there is some, may precede the chunk.
    """
    epoch, ahead = sum(epoch_seconds(spec).values()), ahead_seconds(spec)
    return max(lease, timedelta(seconds=MARGIN * (EPOCHS * epoch + ahead * compiling)))


def _expired(now: datetime) -> ColumnElement[bool]:
    """Condition on a row: its worker's lease has expired. Trainings elsewhere have no worker."""
    return and_(ROW.status == Status.running, ROW.lease_until < now, ROW.source == SERVICE)


def claim(
    connection: Connection, id: UUID, *, worker: str, now: datetime, lease: timedelta, max_attempts: int
) -> tuple[Claim, Kept | None] | None:
    """Claim an experiment that no live worker trains. The row is locked, so that only one of two claims succeeds.

    Return the claim, and the state of its checkpoint if it has one: the claim's own has none yet.
    """
    dead = and_(_expired(now), ROW.stalled_attempts < max_attempts)  # the sweep fails the others
    claimable = and_(ROW.id == id, or_(ROW.status == Status.queued, dead), ~ROW.cancel_requested)
    before = connection.execute(select(experiments).where(claimable).with_for_update()).one_or_none()
    if before is None:
        return None
    if before.status == Status.running:
        _close_lost(connection, before, now, _expiry(before))
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
    _restart_if_layout_changed(connection, before.number, spec)
    row = connection.execute(select(checkpoints).where(checkpoints.c.experiment == before.number)).one_or_none()
    if row is None:
        return Claim(id, attempt, spec, None), None
    return Claim(id, attempt, spec, Checkpoint(row.seed, row.epoch, b"")), Kept(row.state, row.blob)


def checkpoint_blob(connection: Connection, id: UUID) -> Kept | None:
    """Return the state of the checkpoint of an experiment that is not finished, None if it is none, or in the row."""
    query = select(checkpoints.c.blob).join(experiments, experiments.c.number == checkpoints.c.experiment)
    unfinished = ROW.status.in_((Status.queued, Status.running))
    blob = connection.execute(query.where(ROW.id == id, unfinished)).scalar()
    return None if blob is None else Kept(b"", blob)


def loaded(large: LargeBytes, kept: Kept | None) -> bytes | None:
    """Return the state of a checkpoint, None if there is none, or if its blob is lost: the training begins anew then.

    Raises:
        Unavailable: its storage does not answer.
    """
    try:
        return large.load(kept, owner=True) if kept else None
    except NotFound as lost:
        log.error("checkpoint_lost", reason=str(lost))
        return None


def resuming(claim: Claim, kept: Kept | None, state: bytes | None) -> Claim:
    """Return a claim with the state of its checkpoint, without a checkpoint if there is no state."""
    if claim.checkpoint is None or kept is None or state is None:
        return replace(claim, checkpoint=None)
    return replace(claim, checkpoint=replace(claim.checkpoint, state=state))


def _restart_if_layout_changed(connection: Connection, number: int, spec: ExperimentSpec) -> None:
    """Drop what is stored if this version would record other series: rows of two layouts cannot be joined."""
    if layouts.get(connection, number) == spec.layout:
        return
    forget(connection, connection.execute(select(runs.c.number).where(runs.c.experiment == number)).scalars().all())
    connection.execute(delete(checkpoints).where(checkpoints.c.experiment == number))
    layouts.replace(connection, number, spec.layout)


def forget(connection: Connection, numbers: Sequence[int]) -> None:
    """Reset runs to the state before their training: no series, no snapshots, no progress."""
    series.forget(connection, numbers)
    snapshots.drop(connection, numbers)
    nothing = {"epochs_done": 0, "ended": False, "stopped_by": None, "final_metrics": None, "culprit": None}
    connection.execute(update(runs).where(runs.c.number.in_(numbers)).values(nothing))


def fence(connection: Connection, claim: Claim, **values: Any) -> Row[Any]:
    """Update and lock the row of a claimed experiment. Raises ClaimLost if the claim is no longer valid."""
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
    """End an experiment with a final status. Its series stay."""
    values = {"status": status, "finished_at": now, "lease_until": None}
    kept = {name: value for name, value in (("error", error), ("versions", versions)) if value is not None}
    row = fence(connection, claim, **values, **kept)
    close_attempt(connection, row.number, status, now, error)
    sum_up(connection, row.number)


def release(connection: Connection, claim: Claim, now: datetime) -> None:
    """Requeue an experiment whose worker stops. The attempt does not count as stalled."""
    stalled_attempts = case((ROW.stalled_attempts > 0, ROW.stalled_attempts - 1), else_=0)
    values = {
        "lease_until": None,
        "published_at": None,
        "publications": 0,
        "stalled_attempts": stalled_attempts,
    }
    row = fence(connection, claim, status=Status.queued, **values)
    close_attempt(connection, row.number, RELEASED, now)
    if row.cancel_requested:  # requested after the last chunk
        change_row(connection, row.number, {"status": Status.cancelled, "finished_at": now})
        sum_up(connection, row.number)


def _expiry(row: Row[Any]) -> str:
    """Describe an attempt whose lease has expired."""
    return f"Attempt {row.attempt} was lost: worker {row.worker} has not been heard of since its lease ran out."


def _close_lost(connection: Connection, row: Row[Any], now: datetime, happened: str) -> None:
    """Close the attempt of a dead worker as lost."""
    close_attempt(connection, row.number, LOST, now, happened)
    connection.execute(update(experiments).where(ROW.number == row.number).values(error=happened))


def due(
    connection: Connection, *, now: datetime, overdue: ColumnElement[bool], limit: int, max_attempts: int
) -> list[UUID]:
    """Requeue or fail experiments with expired leases, then list those that need a message and mark them published."""
    for row in connection.execute(select(experiments).where(_expired(now)).with_for_update(skip_locked=True)).all():
        requeue_or_fail(connection, row, now, max_attempts, happened=_expiry(row))
    waiting = (select(ROW.number, ROW.id).where(overdue).order_by(ROW.number).limit(limit)).with_for_update(
        skip_locked=True
    )
    rows = connection.execute(waiting).all()
    published = {"published_at": now, "publications": ROW.publications + 1}
    connection.execute(update(experiments).where(ROW.number.in_([row.number for row in rows])).values(published))
    return [row.id for row in rows]


def anything_due(connection: Connection, *, now: datetime, overdue: ColumnElement[bool]) -> bool:
    """Return True if `due` has something to do. Read-only: a sweep with nothing to do takes no write lock."""
    query = select(ROW.number).where(or_(_expired(now), overdue)).limit(1)
    return connection.execute(query).first() is not None


def overdue(now: datetime, requeue_after: timedelta, *, patient: bool) -> ColumnElement[bool]:
    """Condition on a row: queued, and its last message was never sent or should have been consumed by now."""
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
    """Close the attempt of a dead worker as lost; requeue its experiment, cancel it on request, or fail it.

    Args:
        row: the experiment's row, locked.
        max_attempts: the experiment fails after this many attempts in a row without a newer checkpoint.
        happened: the error that the attempt is stored with.
        values: further changes of the row; a status among them takes precedence over "queued".
    """
    _close_lost(connection, row, now, happened)
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
    """Mark experiments as unpublished, because sending failed. The next sweep sends their messages again."""
    waiting = and_(ROW.id.in_(ids), ROW.status == Status.queued)
    connection.execute(update(experiments).where(waiting).values(published_at=None, publications=0))
