"""What is asked of the store on behalf of workers: claim, append, finish, release, and find what is due.

An experiment belongs to the worker whose attempt is the row's own, while its status is running. Every write of a worker
begins with the one UPDATE that checks this (`_fence`), which also locks the row: whoever lost the claim writes nothing.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, case, insert, or_, select, update

from core.errors import ClaimLost
from core.history import Checkpoint, Chunk
from core.spec import ExperimentSpec
from core.spec.estimate import COMPILE_SECONDS, COMPILE_SECONDS_PER_LAYER, estimate
from core.store import series
from core.store.records import Claim, Orders, Status
from core.store.submissions import change_row, close_attempt, read_spec, sum_up
from core.store.tables import attempts, checkpoints, experiments, runs

# What becomes of an attempt, besides the final statuses.
RELEASED, LOST = "released", "lost"
# The pause between messages about one waiting experiment doubles so often, so that a long queue is not flooded.
DOUBLINGS = 3

# The estimate is right within a factor of three on an idle machine, and this one may be shared.
MARGIN = 6

ROW = experiments.c


def patience(spec: ExperimentSpec, lease: timedelta, *, compiling: bool) -> timedelta:
    """How long a worker may take for its next chunk: the lease, or longer where an epoch or the compilation is slow."""
    layers, seconds = len(spec.layers), estimate(spec).seconds
    compilation = COMPILE_SECONDS + COMPILE_SECONDS_PER_LAYER * layers
    epoch = (seconds - compilation) / (len(spec.seeds) * spec.training.epochs)
    return max(lease, timedelta(seconds=MARGIN * (epoch + compilation * compiling)))


def _expired(now: datetime) -> ColumnElement[bool]:
    return and_(ROW.status == Status.running, ROW.lease_until < now)


def claim(
    connection: Connection, id: UUID, *, worker: str, now: datetime, lease: timedelta, max_attempts: int
) -> Claim | None:
    """Take an experiment that nobody trains: compare and set in one UPDATE, so that of two claims one succeeds."""
    dead = and_(_expired(now), ROW.fruitless < max_attempts)  # the sweep will fail the others
    claimable = and_(ROW.id == id, or_(ROW.status == Status.queued, dead), ~ROW.cancel_requested)
    before = connection.execute(select(experiments).where(claimable).with_for_update()).one_or_none()
    if before is None:
        return None
    if before.status == Status.running:
        _lose(connection, before, now)
    attempt, spec = before.attempt + 1, read_spec(before.spec)
    taken = {
        "status": Status.running,
        "attempt": attempt,
        "fruitless": before.fruitless + 1,
        "worker": worker,
        "lease_until": now + patience(spec, lease, compiling=True),
        "started_at": before.started_at or now,
        "published_at": None,
        "publications": 0,
    }
    change_row(connection, before.number, taken)
    started = {"experiment": before.number, "attempt": attempt, "worker": worker, "started_at": now}
    connection.execute(insert(attempts).values(started))
    found = connection.execute(select(checkpoints).where(checkpoints.c.experiment == before.number)).one_or_none()
    checkpoint = Checkpoint(found.seed, found.epoch, found.state) if found else None
    return Claim(id, attempt, spec, checkpoint)


def _fence(connection: Connection, claim: Claim, **values: Any) -> Row[Any]:
    mine = and_(ROW.id == claim.experiment_id, ROW.attempt == claim.attempt, ROW.status == Status.running)
    values["revision"] = ROW.revision + 1
    row = connection.execute(update(experiments).where(mine).values(values).returning(*ROW)).one_or_none()
    if row is None:
        raise ClaimLost(f"Attempt {claim.attempt} at experiment {claim.experiment_id} is not the current one.")
    return row


def append(
    connection: Connection, claim: Claim, chunk: Chunk, checkpoint: Checkpoint | None, until: datetime
) -> Orders:
    """Store a chunk behind what is stored of its run; what an earlier attempt stored beyond is dropped."""
    row = _fence(connection, claim, lease_until=until, compiled=chunk.compiled and ROW.compiled.is_not(False))
    history = chunk.history
    query = select(runs).where(runs.c.experiment == row.number).order_by(runs.c.position)
    records = {run.seed: run for run in connection.execute(query)}
    run = records[chunk.seed]
    if history.first_epoch > run.epochs_done + 1:
        raise ValueError(f"epoch {history.first_epoch} would leave a gap behind epoch {run.epochs_done}")
    if history.first_epoch <= run.epochs_done:
        series.truncate(connection, run.number, history.first_epoch)
    for later in records.values():
        if later.position > run.position and later.epochs_done:
            series.truncate(connection, later.number, 1)
            _record(connection, later.number, epochs_done=0, ended=False, stopped_by=None, final_metrics=None)
    series.write(connection, run.number, history)
    final = series.pack(history.metrics[-1])
    progress = {"epochs_done": history.last_epoch, "ended": chunk.run_ended, "stopped_by": chunk.stopped_by}
    _record(connection, run.number, final_metrics=final, **progress)
    if chunk.run_ended:
        series.write_summaries(connection, run.number, history.layout)
    if checkpoint:
        positions = {seed: record.position for seed, record in records.items()}
        _keep(connection, row.number, checkpoint, positions)
    return Orders.cancel if row.cancel_requested else Orders.go_on


def _record(connection: Connection, run: int, **values: Any) -> None:
    connection.execute(update(runs).where(runs.c.number == run).values(values))


def _keep(connection: Connection, number: int, checkpoint: Checkpoint, positions: dict[int, int]) -> None:
    """Make a checkpoint the current one. One that is further than the last shows that the attempt bears fruit."""
    this = checkpoints.c.experiment == number
    before = connection.execute(select(checkpoints.c.seed, checkpoints.c.epoch).where(this)).one_or_none()
    values = {"seed": checkpoint.seed, "epoch": checkpoint.epoch, "state": checkpoint.state}
    if before:
        connection.execute(update(checkpoints).where(this).values(values))
    else:
        connection.execute(insert(checkpoints).values(experiment=number, **values))
    reached = (positions[checkpoint.seed], checkpoint.epoch)
    if before is None or reached > (positions[before.seed], before.epoch):
        connection.execute(update(experiments).where(ROW.number == number).values(fruitless=0))


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
    row = _fence(connection, claim, **values, **kept)
    close_attempt(connection, row.number, status, now, error)
    sum_up(connection, row.number)


def release(connection: Connection, claim: Claim, now: datetime) -> None:
    """Give an experiment back in good order: who comes first goes on, and the attempt is not held against it."""
    fruitless = case((ROW.fruitless > 0, ROW.fruitless - 1), else_=0)
    values = {"lease_until": None, "published_at": None, "publications": 0, "fruitless": fruitless}
    row = _fence(connection, claim, status=Status.queued, **values)
    close_attempt(connection, row.number, RELEASED, now)
    if row.cancel_requested:  # it came between the last chunk and this
        change_row(connection, row.number, {"status": Status.cancelled, "finished_at": now})
        sum_up(connection, row.number)


def _lose(connection: Connection, row: Row[Any], now: datetime) -> str:
    """Close the attempt of a worker that is taken for dead; says what happened."""
    happened = f"Attempt {row.attempt} was lost: worker {row.worker} has not been heard of since its lease ran out."
    close_attempt(connection, row.number, LOST, now, happened)
    connection.execute(update(experiments).where(ROW.number == row.number).values(error=happened))
    return happened


def due(
    connection: Connection, *, now: datetime, requeue_after: timedelta, limit: int, max_attempts: int
) -> list[UUID]:
    """Bury the dead, and name the experiments that need a message. They count as published from here on."""
    for row in connection.execute(select(experiments).where(_expired(now)).with_for_update(skip_locked=True)).all():
        _bury(connection, row, now, max_attempts)
    waiting = (
        select(ROW.number, ROW.id).where(_overdue(now, requeue_after)).order_by(ROW.number).limit(limit)
    ).with_for_update(skip_locked=True)
    found = connection.execute(waiting).all()
    published = {"published_at": now, "publications": ROW.publications + 1}
    connection.execute(update(experiments).where(ROW.number.in_([row.number for row in found])).values(published))
    return [row.id for row in found]


def anything_due(connection: Connection, *, now: datetime, requeue_after: timedelta) -> bool:
    """Whether `due` would do anything: most sweeps find nothing, and need not wait for a writer's turn."""
    query = select(ROW.number).where(or_(_expired(now), _overdue(now, requeue_after))).limit(1)
    return connection.execute(query).first() is not None


def _overdue(now: datetime, requeue_after: timedelta) -> ColumnElement[bool]:
    paused = [
        and_(
            ROW.publications == times if times <= DOUBLINGS else ROW.publications >= times,
            ROW.published_at < now - requeue_after * 2 ** min(times - 1, DOUBLINGS),
        )
        for times in range(1, DOUBLINGS + 2)
    ]
    return and_(ROW.status == Status.queued, or_(ROW.published_at.is_(None), *paused))


def _bury(connection: Connection, row: Row[Any], now: datetime, max_attempts: int) -> None:
    """A worker has died: its experiment waits for another, unless it was to be cancelled or kills whoever takes it."""
    happened = _lose(connection, row, now)
    values: dict[str, Any] = {"lease_until": None, "published_at": None, "publications": 0}
    if row.cancel_requested:
        values |= {"status": Status.cancelled, "finished_at": now}
    elif row.fruitless >= max_attempts:
        error = f"{row.fruitless} attempts in a row got no further. {happened}"
        values |= {"status": Status.failed, "finished_at": now, "error": error}
    else:
        values |= {"status": Status.queued}
    change_row(connection, row.number, values)
    if values["status"] != Status.queued:
        sum_up(connection, row.number)


def not_published(connection: Connection, ids: list[UUID]) -> None:
    """Their messages did not get out: the next sweep tries again."""
    waiting = and_(ROW.id.in_(ids), ROW.status == Status.queued)
    connection.execute(update(experiments).where(waiting).values(published_at=None, publications=0))
