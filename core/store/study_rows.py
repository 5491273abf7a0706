"""Statements that change studies and their cells."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection, Row, and_, case, insert, or_, select, update

from core.store import adding, dataset_rows, study_reading, weights_rows
from core.store.study_reading import DRAWN, RESULT
from core.store.study_tables import cells, studies
from core.store.tables import BATCH, experiments
from core.study import Cell, CellPlace, CellResult, Drawn, StudyRecord, measured_key
from gradlab.errors import Conflict, Invalid
from gradlab.schemas.status import CellStatus, Status, StudyStatus
from gradlab.schemas.studies import StudyStop
from gradlab.spec import SERVICE
from gradlab.spec.study import Point, StudySpec

# The columns of a cell that has no experiment.
UNDRAWN: Mapping[str, Any] = {
    "status": CellStatus.waiting, "experiment": None, "reused": False, "result": None, "seconds": None, "error": None,
    "pruned_epoch": None, "pruned_value": None,
}  # fmt: skip


def add(connection: Connection, spec: StudySpec, points: Iterable[Point], key: str | None, now: datetime) -> UUID:
    """Insert a study with its waiting cells.

    Raises:
        Invalid: the base spec names a dataset or weights that are not there or do not fit.
        Conflict: it names a dataset that is not ready yet.
    """
    for field, named in dataset_rows.ids_in(spec.base).items():
        dataset_rows.find_ready(connection, named, f"base.{field}")
    weights_rows.find_fitting(connection, spec.base)
    text = spec.model_dump_json()
    made = uuid4()
    row = {
        "id": made,
        "idempotency_key": key,
        "request": text,
        "spec": text,
        "measured": measured_key(spec),
        "status": StudyStatus.running,
        "created_at": now,
    }
    number = connection.execute(insert(studies).values(row).returning(studies.c.number)).scalar_one()
    places = ((CellPlace(position, 0), point, spec.run_seeds) for position, point in enumerate(points))
    add_cells(connection, number, places)
    return made


def added_with(connection: Connection, key: str, spec: StudySpec) -> UUID | None:
    """Return the study that was added with this key. Raises Conflict if the key was used for another request."""
    row = connection.execute(select(studies).where(studies.c.idempotency_key == key)).one_or_none()
    if row and row.request != spec.model_dump_json():
        raise Conflict(f"The idempotency key {key!r} was used for another study: take a new key.")
    return row.id if row else None


def add_cells(connection: Connection, study: int, rows: Iterable[tuple[CellPlace, Point, Sequence[int]]]) -> None:
    """Insert waiting cells of a study whose revision was raised."""
    revision = connection.execute(select(revision_of(study))).scalar_one()
    values = [
        {
            "study": study,
            "revision": revision,
            "position": place.position,
            "batch": place.batch,
            "point": json.dumps(point),
            "seeds": list(seeds),
            **UNDRAWN,
        }
        for place, point, seeds in rows
    ]
    if values:
        connection.execute(insert(cells), values)


def revision_of(study: int | ColumnElement[int]) -> ColumnElement[int]:
    """Return the query of a study's revision, which its changed cells get."""
    return select(studies.c.revision).where(studies.c.number == study).scalar_subquery()


def touched(connection: Connection, before: StudyRecord, **values: Any) -> int | None:
    """Raise a study's revision, and change its row. Return its number; None if it has changed since `before`."""
    same = and_(studies.c.id == before.id, studies.c.revision == before.revision)
    changed = {"revision": before.revision + 1, **values}
    return connection.execute(update(studies).where(same).values(changed).returning(studies.c.number)).scalar()


def draw(connection: Connection, before: StudyRecord, drawn: Sequence[Drawn], now: datetime) -> list[UUID] | None:
    """Give cells their experiments: those that were trained before with the same spec, or new ones.

    Returns:
        The new experiments; None if the study has changed since `before`: nothing is written.
    """
    study = touched(connection, before)
    if study is None:
        return None
    keys = {each.place: adding.training_key(each.spec) for each in drawn if each.spec}
    trained, needed = _trained(connection, list(keys.values())), []
    measured = measured_key(before.spec)
    for each in drawn:
        if each.spec is None:
            _write(connection, study, each, {"status": CellStatus.refused, "error": each.error})
            continue
        earlier = trained.get(keys[each.place])
        if earlier is not None:
            _write(connection, study, each, _reused(connection, earlier, measured))
            continue
        try:
            added = adding.add(connection, each.spec, now, priority=BATCH)
        except (Invalid, Conflict) as error:  # a dataset was deleted meanwhile, or weights do not fit this point
            _write(connection, study, each, {"status": CellStatus.refused, "error": str(error)})
            continue
        row = connection.execute(select(experiments).where(experiments.c.id == added)).one()
        _write(connection, study, each, {"status": DRAWN, "experiment": row.number, "reused": False})
        trained[keys[each.place]] = row
        needed.append(added)
    return needed


def _reused(connection: Connection, row: Row[Any], measured: str) -> dict[str, Any]:
    """Return the columns of a cell whose experiment is there already, with its result where another cell has it."""
    values: dict[str, Any] = {"status": DRAWN, "experiment": row.number, "reused": True}
    if row.status == Status.completed and (stored := study_reading.stored_result(connection, row.number, measured)):
        values |= {"status": CellStatus.completed, "result": stored.result, "seconds": stored.seconds}
    return values


def _trained(connection: Connection, keys: Sequence[str]) -> dict[str, Row[Any]]:
    """Return the experiments with these training keys that have completed on the present versions, or are under way.

    The present versions are those of the training that was completed last.
    """
    completed = and_(experiments.c.status == Status.completed, experiments.c.source == SERVICE)
    last = experiments.c.finished_at.desc(), experiments.c.number.desc()
    versions = connection.execute(select(experiments.c.versions).where(completed).order_by(*last).limit(1)).scalar()
    under_way = experiments.c.status.in_((Status.queued, Status.running))
    usable = and_(or_(completed, under_way), ~experiments.c.cancel_requested)
    rank = case((completed, 0), else_=1)
    query = select(experiments).where(experiments.c.training_key.in_(keys), usable).order_by(rank, experiments.c.number)
    query = query.with_for_update(read=True, key_share=True)  # nobody deletes them before the cells name them
    rows: dict[str, Row[Any]] = {}
    for row in connection.execute(query):
        if row.status != Status.completed or row.versions == versions:
            rows.setdefault(row.training_key, row)
    return rows


def _write(connection: Connection, study: int, drawn: Drawn, values: Mapping[str, Any]) -> None:
    """Write a cell's row, which waits or is new."""
    place = {"study": study, "position": drawn.place.position, "batch": drawn.place.batch}
    mine = and_(*(cells.c[name] == value for name, value in place.items()))
    changed = {**UNDRAWN, "revision": revision_of(study), **values}
    if not connection.execute(update(cells).where(mine).values(changed)).rowcount:
        new = {"point": json.dumps(drawn.point), "seeds": list(drawn.seeds)}
        connection.execute(insert(cells).values({**changed, **place, **new}))


def collect(
    connection: Connection,
    id: UUID,
    cell: Cell,
    *,
    status: CellStatus,
    result: CellResult | None,
    seconds: float | None,
    error: str | None,
) -> None:
    """Write what a cell's experiment shows, unless another process has. A cell that waits loses its experiment."""
    # Locked before its cells, as whoever deletes the study locks them.
    study = connection.execute(select(studies.c.number).where(studies.c.id == id).with_for_update()).scalar()
    if study is None:
        return
    number = select(experiments.c.number).where(experiments.c.id == cell.experiment_id).scalar_subquery()
    same = cells.c.experiment.is_(None) if cell.experiment_id is None else cells.c.experiment == number
    mine = and_(cells.c.study == study, at(cell.place), cells.c.status == DRAWN, same)
    values: dict[str, Any] = {"status": status, "seconds": seconds, "error": error}
    if status is CellStatus.waiting:
        values = dict(UNDRAWN)
    elif status is not CellStatus.pruned:  # its training had ended before the worker was to stop
        values |= {"pruned_epoch": None, "pruned_value": None}
    if result is not None:
        values["result"] = RESULT.dump_json(result).decode()
    values["revision"] = revision_of(study) + 1
    if connection.execute(update(cells).where(mine).values(values)).rowcount:
        raised = {"revision": studies.c.revision + 1}
        connection.execute(update(studies).where(studies.c.number == study).values(raised))


def changed_with(connection: Connection, experiment_id: UUID) -> None:
    """Raise the revisions of the studies with a cell that names an experiment, which is deleted next."""
    naming = select(cells.c.study).join(experiments, experiments.c.number == cells.c.experiment)
    mine = studies.c.number.in_(naming.where(experiments.c.id == experiment_id))
    connection.execute(update(studies).where(mine).values(revision=studies.c.revision + 1))
    number = select(experiments.c.number).where(experiments.c.id == experiment_id).scalar_subquery()
    changed = update(cells).where(cells.c.experiment == number)
    connection.execute(changed.values(revision=revision_of(cells.c.study)))


def at(place: CellPlace) -> ColumnElement[bool]:
    """Return the condition that a cell's row is at a place of its study."""
    return and_(cells.c.position == place.position, cells.c.batch == place.batch)


def finish(
    connection: Connection,
    before: StudyRecord,
    status: StudyStatus,
    stopped: StudyStop,
    error: str | None,
    now: datetime,
) -> bool:
    """End a study. Return False if it has changed since `before`: nothing is written."""
    changed = touched(connection, before, status=status, stopped=stopped, error=error, finished_at=now)
    return changed is not None


def reopen(connection: Connection, row: Row[Any], **values: Any) -> None:
    """Set a study to running, whatever it was."""
    changed = {"status": StudyStatus.running, "stopped": None, "finished_at": None, "error": None}
    changed |= {"revision": row.revision + 1, **values}
    connection.execute(update(studies).where(studies.c.number == row.number).values(changed))
