"""Reading of treatments with their trials, and the places where these are triaged and trained."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, func, select

from core.records import Place, TreatmentPage, TreatmentRecord
from core.store import submissions
from core.store.database import one_row, page_of
from core.store.tables import experiments, runs, treatments, trials
from core.treatment import Result, Treatment, Trial
from gradlab.schemas.status import Status, TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest
from gradlab.schemas.trials import TriageResult

TRIAGE: TypeAdapter[TriageResult] = TypeAdapter(TriageResult)
RESULT: TypeAdapter[Result] = TypeAdapter(Result)


def get(connection: Connection, id: UUID) -> TreatmentRecord:
    """Return a treatment. Raises NotFound."""
    return _read(connection, [find(connection, id)])[0]


def page(
    connection: Connection,
    limit: int,
    before: int | None,
    experiment_id: UUID | None = None,
    statuses: Collection[TreatmentStatus] = (),
) -> TreatmentPage:
    """Return a page of the treatments of one experiment or of all, newest first. Raises NotFound."""
    query = select(treatments)
    if experiment_id is not None:
        query = query.where(treatments.c.experiment == submissions.find(connection, experiment_id).number)
    if statuses:
        query = query.where(treatments.c.status.in_(statuses))
    rows, following = page_of(connection, query, treatments.c.number, lambda row: row, limit=limit, before=before)
    return TreatmentPage(tuple(_read(connection, rows)), following)


def find(connection: Connection, id: UUID) -> Row[Any]:
    """Return the treatment's row, locked until the end of a writing transaction. Raises NotFound."""
    return one_row(connection, select(treatments).where(treatments.c.id == id), f"There is no treatment {id}.")


def _read(connection: Connection, rows: Sequence[Row[Any]]) -> list[TreatmentRecord]:
    numbers = [row.number for row in rows]
    query = select(trials).where(trials.c.treatment.in_(numbers)).order_by(trials.c.treatment, trials.c.position)
    rows_of: dict[int, list[Row[Any]]] = {number: [] for number in numbers}
    for trial in connection.execute(query):
        rows_of[trial.treatment].append(trial)
    places = _places(connection, [trial for trial_rows in rows_of.values() for trial in trial_rows])
    owned = experiments.c.number.in_([row.experiment for row in rows])
    owners = connection.execute(select(experiments.c.number, experiments.c.id).where(owned))
    ids = {row.number: row.id for row in owners}
    return [_record(row, ids[row.experiment], rows_of[row.number], places) for row in rows]


def _places(connection: Connection, trial_rows: Sequence[Row[Any]]) -> dict[int, Place]:
    numbers = {number for trial in trial_rows for number in (trial.triaged_in, trial.trained_in) if number is not None}
    done = select(runs.c.experiment, func.sum(runs.c.epochs_done).label("epochs")).group_by(runs.c.experiment)
    counted = done.where(runs.c.experiment.in_(numbers)).subquery()
    query = select(experiments, counted.c.epochs).join(counted, counted.c.experiment == experiments.c.number)
    return {row.number: _place(row) for row in connection.execute(query)}


def _place(row: Row[Any]) -> Place:
    spec = submissions.read_spec(row.spec)
    took = (row.finished_at - row.started_at).total_seconds() if row.finished_at and row.started_at else None
    total = len(spec.seeds) * spec.training.epochs
    return Place(row.id, Status(row.status), row.revision, int(row.epochs), total, took, row.error)


def _record(row: Row[Any], owner: UUID, trial_rows: Sequence[Row[Any]], places: dict[int, Place]) -> TreatmentRecord:
    request = TreatmentRequest.model_validate_json(row.request)
    return TreatmentRecord(
        id=row.id,
        experiment_id=owner,
        request=request,
        status=TreatmentStatus(row.status),
        revision=row.revision,
        created_at=row.created_at,
        finished_at=row.finished_at,
        error=row.error,
        treatment=Treatment(
            base=submissions.read_spec(row.base),
            candidates=tuple(tuple(names) for names in row.candidates),
            budget=request.budget,
            chosen=request.remedies is not None,
            trials=tuple(_trial(trial) for trial in trial_rows),
        ),
        triaged_in=tuple(places.get(trial.triaged_in) for trial in trial_rows),
        trained_in=tuple(places.get(trial.trained_in) for trial in trial_rows),
    )


def _trial(row: Row[Any]) -> Trial:
    return Trial(
        role=row.role,
        remedies=tuple(row.remedies),
        spec=submissions.read_spec(row.spec),
        stage=row.stage,
        triage=TRIAGE.validate_json(row.triage) if row.triage else None,
        result=RESULT.validate_json(row.result) if row.result else None,
        error=row.error,
    )
