"""Rows of treatments and their trials, for `core.store.treatment_store`.

Saving compares revisions: of several workers that continue a treatment only one writes. Each trial is trained once.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, and_, exists, insert, or_, select, update

from core.records import TreatmentRecord
from core.store import adding, submissions, treatment_reading, trial_rows
from core.store.tables import experiments, treatments, trials
from core.store.treatment_reading import RESULT, TRIAGE
from core.treatment import Treatment, Trial, triage_spec
from gradlab.errors import Conflict
from gradlab.schemas.status import Status, TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest

FINISHED = [status for status in Status if status.is_finished]
TRIAGING, TRAINING = trials.c.stage == "looking", trials.c.stage == "training"


def add(
    connection: Connection,
    experiment_id: UUID,
    request: TreatmentRequest,
    treatment: Treatment,
    now: datetime,
    key: str | None,
) -> tuple[UUID, list[UUID]]:
    """Insert a treatment; return its id and the experiments that it needs first.

    An untreated trial with a result refers to the treated experiment. A repeated key returns the earlier treatment.

    Raises:
        NotFound: there is no such experiment.
        Conflict: it is being treated already, or the key was used for another request.
    """
    number = submissions.find(connection, experiment_id).number  # locks: of two requests with one key, one is first
    if key and (earlier := added_with(connection, experiment_id, key, request)):
        return earlier, []
    running = and_(treatments.c.experiment == number, treatments.c.status == TreatmentStatus.running)
    if (other := connection.execute(select(treatments.c.id).where(running)).scalar()) is not None:
        raise Conflict(f"The experiment is being treated already: wait for treatment {other}, or cancel it.")
    row = {
        "id": uuid4(),
        "experiment": number,
        "idempotency_key": key,
        "request": request.model_dump_json(),
        "base": treatment.base.canonical(),
        "candidates": treatment.candidates,
        "status": TreatmentStatus.running,
        "created_at": now,
    }
    made = connection.execute(insert(treatments).values(row).returning(treatments.c.number)).scalar_one()
    needed = [
        experiment
        for position, trial in enumerate(treatment.trials)
        for experiment in _write(connection, made, position, trial, None, now)
    ]
    itself = and_(trials.c.treatment == made, trials.c.role == "untreated", trials.c.stage == "finished")
    connection.execute(update(trials).where(itself).values(trained_in=number))
    return row["id"], needed


def added_with(connection: Connection, experiment_id: UUID, key: str, request: TreatmentRequest) -> UUID | None:
    """Return the experiment's treatment with this key. Raises Conflict if the key was used for another request."""
    same_key = and_(experiments.c.id == experiment_id, treatments.c.idempotency_key == key)
    query = select(treatments.c.id, treatments.c.request).join(experiments).where(same_key)
    row = connection.execute(query).one_or_none()
    if row and TreatmentRequest.model_validate_json(row.request) != request:
        raise Conflict(f"The idempotency key {key!r} was used for another treatment: take a new key.")
    return row.id if row else None


def save(
    connection: Connection,
    before: TreatmentRecord,
    treatment: Treatment,
    status: TreatmentStatus,
    error: str | None,
    now: datetime,
) -> list[UUID] | None:
    """Write the changes since `before`, and add the experiments that are needed next.

    Returns:
        The new experiments; None if another worker has changed the treatment since `before`: nothing is written.
    """
    unchanged = and_(treatments.c.id == before.id, treatments.c.revision == before.revision)
    values: dict[str, Any] = {"status": status, "revision": before.revision + 1, "error": error}
    values["finished_at"] = None if status is TreatmentStatus.running else now
    query = update(treatments).where(unchanged).values(values).returning(treatments.c.number)
    number = connection.execute(query).scalar()
    if number is None:
        return None
    rows = {row.position: row for row in connection.execute(select(trials).where(trials.c.treatment == number))}
    return [
        experiment
        for position, trial in enumerate(treatment.trials)
        for experiment in _write(connection, number, position, trial, rows.get(position), now)
    ]


def _write(
    connection: Connection, treatment: int, position: int, trial: Trial, before: Row[Any] | None, now: datetime
) -> list[UUID]:
    """Write a trial; return the experiments added for it. The experiment of a finished triage is deleted."""
    triaged_in, trained_in = (before.triaged_in, before.trained_in) if before else (None, None)
    needed, over = [], None
    if trial.stage == "looking" and triaged_in is None:
        needed = [adding.add(connection, triage_spec(trial.spec), now)]
        triaged_in = trial_rows.add(connection, needed[0], treatment, position)
    if trial.stage != "looking" and triaged_in is not None:
        triaged_in, over = None, triaged_in
    if trial.stage == "training" and trained_in is None:
        needed = [adding.add(connection, trial.spec, now)]
        trained_in = trial_rows.add(connection, needed[0], treatment, position)
    values = {
        "role": trial.role,
        "remedies": trial.remedies,
        "spec": trial.spec.canonical(),
        "stage": trial.stage,
        "triaged_in": triaged_in,
        "trained_in": trained_in,
        "triage": TRIAGE.dump_json(trial.triage).decode() if trial.triage else None,
        "result": RESULT.dump_json(trial.result, by_alias=True).decode() if trial.result else None,
        "error": trial.error,
    }
    if before is None:
        connection.execute(insert(trials).values(treatment=treatment, position=position, **values))
    else:
        mine = and_(trials.c.treatment == treatment, trials.c.position == position)
        connection.execute(update(trials).where(mine).values(values))
    if over is not None:
        connection.execute(experiments.delete().where(experiments.c.number == over))
    return needed


def cancel(connection: Connection, id: UUID, now: datetime) -> None:
    """Cancel a treatment and the experiments that it waits for. Raises NotFound, and Conflict if it is not running."""
    row = treatment_reading.find(connection, id)
    if row.status != TreatmentStatus.running:
        raise Conflict(f"The treatment is {row.status} already: there is nothing left to cancel.")
    _stop(connection, [row.number], now)
    ended = {"status": TreatmentStatus.cancelled, "finished_at": now, "revision": row.revision + 1}
    connection.execute(update(treatments).where(treatments.c.number == row.number).values(ended))


def abandon(connection: Connection, experiment_id: UUID, now: datetime) -> None:
    """Cancel the experiments that an experiment's treatments wait for, before all of them are deleted.

    The trials' experiments stay. They are trials of nothing from then on, which is a change of theirs.
    """
    number = submissions.find(connection, experiment_id).number
    changed = {"revision": experiments.c.revision + 1}
    connection.execute(update(experiments).where(trial_rows.is_trial_of(experiment_id)).values(changed))
    running = and_(treatments.c.experiment == number, treatments.c.status == TreatmentStatus.running)
    _stop(connection, list(connection.execute(select(treatments.c.number).where(running)).scalars()), now)


def resume(connection: Connection, id: UUID) -> None:
    """Resume a cancelled or failed treatment: unfinished and broken trials start again. Raises NotFound, Conflict."""
    row = treatment_reading.find(connection, id)
    if row.status not in (TreatmentStatus.cancelled, TreatmentStatus.failed):
        raise Conflict(f"The treatment is {row.status}: only one that was cancelled, or failed, can be continued.")
    others = and_(treatments.c.experiment == row.experiment, treatments.c.status == TreatmentStatus.running)
    if (other := connection.execute(select(treatments.c.id).where(others)).scalar()) is not None:
        raise Conflict(f"The experiment is being treated already: wait for treatment {other}, or cancel it.")
    mine = trials.c.treatment == row.number
    broken = {"stage": "training", "error": None, "trained_in": None}
    connection.execute(update(trials).where(mine, trials.c.stage == "broken").values(broken))
    completed = exists().where(experiments.c.number == trials.c.trained_in, experiments.c.status == Status.completed)
    connection.execute(update(trials).where(mine, TRAINING, ~completed).values(trained_in=None))
    again = {"status": TreatmentStatus.running, "finished_at": None, "error": None, "revision": row.revision + 1}
    connection.execute(update(treatments).where(treatments.c.number == row.number).values(again))


def due(connection: Connection) -> list[UUID]:
    """Return the running treatments with a trial whose experiment is finished or deleted, oldest first."""
    mine = or_(experiments.c.number == trials.c.triaged_in, experiments.c.number == trials.c.trained_in)
    waiting = exists().where(mine, experiments.c.status.not_in(FINISHED)).correlate(trials)
    ready = exists().where(trials.c.treatment == treatments.c.number, or_(TRIAGING, TRAINING), ~waiting)
    query = select(treatments.c.id).where(treatments.c.status == TreatmentStatus.running, ready)
    return list(connection.execute(query.order_by(treatments.c.number)).scalars())


def with_experiment(connection: Connection, experiment_id: UUID) -> list[UUID]:
    """Return the running treatments with a trial that waits for an experiment."""
    of_trial = or_(experiments.c.number == trials.c.triaged_in, experiments.c.number == trials.c.trained_in)
    joined = trials.join(treatments, treatments.c.number == trials.c.treatment).join(experiments, of_trial)
    running = and_(treatments.c.status == TreatmentStatus.running, or_(TRIAGING, TRAINING))
    query = select(treatments.c.id).select_from(joined).where(experiments.c.id == experiment_id, running)
    return list(connection.execute(query.distinct()).scalars())


def _stop(connection: Connection, numbers: Sequence[int], now: datetime) -> None:
    """Cancel the trainings that treatments wait for, and delete their triages."""
    waiting = and_(trials.c.treatment.in_(numbers), or_(TRIAGING, TRAINING))
    for trial in connection.execute(select(trials).where(waiting)).all():
        number = trial.triaged_in if trial.stage == "looking" else trial.trained_in
        query = select(experiments.c.id, experiments.c.status).where(experiments.c.number == number)
        row = connection.execute(query).one_or_none()
        if row is None:
            continue
        if trial.stage == "looking":
            submissions.remove(connection, row.id)
        elif not Status(row.status).is_finished:
            submissions.cancel(connection, row.id, now)
