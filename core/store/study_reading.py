"""Reading of studies and their cells."""

import math
from collections.abc import Collection, MutableMapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from pydantic_core import from_json
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, exists, func, or_, select

from core.store.database import one_row, page_of
from core.store.study_tables import cells, studies
from core.store.tables import experiments, runs
from core.study import Cell, CellPlace, CellResult, Pruned, SeedOutcome, StudyPage, StudyRecord, best
from gradlab.frozen import STORED
from gradlab.schemas.status import CellStatus, Status, StudyStatus
from gradlab.spec.study import StudySpec

RESULT: TypeAdapter[CellResult] = TypeAdapter(CellResult)
# The status of a cell's row while it has an experiment whose result was not read.
DRAWN = "drawn"
FINISHED = [status for status in Status if status.is_finished]
# A cell whose experiment has ended, or was deleted, and whose result was not read yet.
IS_OVER = and_(cells.c.status == DRAWN, or_(experiments.c.number.is_(None), experiments.c.status.in_(FINISHED)))
JOINED = cells.outerjoin(experiments, experiments.c.number == cells.c.experiment)
# The position of the best cell of a study, by its id and its revision, and how many are kept. To find one, all results
# of a study are read: 85 ms for 10,000 cells.
BestPositions = MutableMapping[tuple[UUID, int], int | None]
MAX_BEST_POSITIONS = 1_000
# The state of a cell as people see it.
STATE: ColumnElement[str] = case(
    (IS_OVER, CellStatus.running), (cells.c.status == DRAWN, experiments.c.status), else_=cells.c.status
)


def get(connection: Connection, id: UUID) -> StudyRecord:
    """Return a study. Raises NotFound."""
    return _records(connection, [find(connection, id)])[0]


def find(connection: Connection, id: UUID) -> Row[Any]:
    """Return the study's row, locked until the end of a writing transaction. Raises NotFound."""
    return one_row(connection, select(studies).where(studies.c.id == id), f"There is no study {id}.")


def page(connection: Connection, limit: int, before: int | None, statuses: Collection[StudyStatus] = ()) -> StudyPage:
    """Return a page of studies, newest first."""
    query = select(studies)
    if statuses:
        query = query.where(studies.c.status.in_(statuses))
    rows, following = page_of(connection, query, studies.c.number, lambda row: row, limit=limit, before=before)
    return StudyPage(tuple(_records(connection, rows)), following)


def cells_of(connection: Connection, id: UUID) -> tuple[Cell, ...]:
    """Return all cells of a study by position and batch. Raises NotFound."""
    mine = cells.c.study == find(connection, id).number
    return tuple(_cells(connection, mine, _columns().order_by(cells.c.position, cells.c.batch)))


def best_of(connection: Connection, id: UUID, positions: BestPositions) -> tuple[Cell, ...]:
    """Return the batches of seeds of a study's best cell, of which alone all columns are read. Raises NotFound.

    Args:
        connection: to the database.
        id: of the study.
        positions: those of best cells that were worked out before, from all results; this one is added.
    """
    row = find(connection, id)
    state = (id, row.revision)
    try:
        position = positions[state]
    except KeyError:  # another thread may empty them at any time
        if len(positions) >= MAX_BEST_POSITIONS:
            positions.clear()
        position = positions[state] = _best_position(connection, row)
    at_best = and_(cells.c.study == row.number, cells.c.position == position)
    return tuple(_cells(connection, at_best, _columns().order_by(cells.c.batch)))


def _best_position(connection: Connection, study: Row[Any]) -> int | None:
    query = select(cells.c.position, cells.c.result).where(cells.c.study == study.number, cells.c.result.is_not(None))
    outcomes: dict[int, list[SeedOutcome]] = {}
    for position, result in connection.execute(query.order_by(cells.c.position, cells.c.batch)):
        outcomes.setdefault(position, []).extend(RESULT.validate_json(result).seeds)
    return best(_spec(study.spec), outcomes)


def states(connection: Connection, ids: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """Return `state` of the records of those of the studies that exist."""
    under_way = and_(cells.c.study == studies.c.number, cells.c.status == DRAWN)
    joined = studies.outerjoin(cells, under_way).outerjoin(experiments, experiments.c.number == cells.c.experiment)
    revisions = func.coalesce(func.sum(experiments.c.revision), 0).label("revisions")
    query = select(studies.c.id, studies.c.revision, revisions).select_from(joined).where(studies.c.id.in_(ids))
    rows = connection.execute(query.group_by(studies.c.id, studies.c.revision))
    return {row.id: (row.revision, int(row.revisions)) for row in rows}


def changed(connection: Connection, id: UUID, since: int, after: int, limit: int) -> tuple[Cell, ...]:
    """Return the first cells beyond a position that are under way or have changed since a revision."""
    number = select(studies.c.number).where(studies.c.id == id).scalar_subquery()
    mine, news = cells.c.study == number, or_(cells.c.revision > since, cells.c.status == DRAWN)
    query = select(cells.c.position).distinct().where(mine, news, cells.c.position > after)
    positions = list(connection.execute(query.order_by(cells.c.position).limit(limit)).scalars())
    all_batches = _columns().where(cells.c.position.in_(positions)).order_by(cells.c.position, cells.c.batch)
    return tuple(_cells(connection, mine, all_batches))


def over(connection: Connection, id: UUID, limit: int) -> tuple[Cell, ...]:
    """Return the first cells of a study whose experiments have ended or were deleted, and were not read yet."""
    number = select(studies.c.number).where(studies.c.id == id).scalar_subquery()
    query = _columns().where(IS_OVER).order_by(cells.c.position, cells.c.batch).limit(limit)
    return tuple(_cells(connection, cells.c.study == number, query))


def waiting(connection: Connection, id: UUID, limit: int) -> tuple[Cell, ...]:
    """Return the first waiting cells of a study: those of earlier batches before those of later ones."""
    number = select(studies.c.number).where(studies.c.id == id).scalar_subquery()
    query = _columns().where(cells.c.status == CellStatus.waiting).order_by(cells.c.batch, cells.c.position)
    return tuple(_cells(connection, cells.c.study == number, query.limit(limit)))


def due(connection: Connection) -> list[UUID]:
    """Return the studies with a result that was not read, or that are running with none under way, oldest first."""
    ended = exists().select_from(JOINED).where(cells.c.study == studies.c.number, IS_OVER)
    under_way = exists().where(cells.c.study == studies.c.number, cells.c.status == DRAWN)
    idle = and_(studies.c.status == StudyStatus.running, ~under_way)
    return list(connection.execute(select(studies.c.id).where(or_(ended, idle)).order_by(studies.c.number)).scalars())


def waiting_for(connection: Connection, experiment_id: UUID) -> list[UUID]:
    """Return the studies with a cell that waits for an experiment."""
    joined = cells.join(studies, studies.c.number == cells.c.study).join(
        experiments, experiments.c.number == cells.c.experiment
    )
    query = select(studies.c.id).select_from(joined).where(experiments.c.id == experiment_id, cells.c.status == DRAWN)
    return list(connection.execute(query.distinct()).scalars())


def stored_result(connection: Connection, experiment: int, measured: str) -> Row[Any, Any] | None:
    """Return the row of a cell that shows the result of an experiment by the same metric, measures and rules."""
    query = select(cells.c.result, cells.c.seconds).join(studies, studies.c.number == cells.c.study)
    same = query.where(cells.c.experiment == experiment, cells.c.result.is_not(None), studies.c.measured == measured)
    return connection.execute(same.limit(1)).one_or_none()


def _columns() -> Select[Any]:
    """Select the columns that `_cell` takes, in its order."""
    mine = (cells.c.position, cells.c.batch, cells.c.point, cells.c.seeds, STATE, experiments.c.id, IS_OVER)
    shown = (cells.c.reused, cells.c.result, cells.c.seconds, cells.c.error, cells.c.pruned_epoch, cells.c.pruned_value)
    return select(*mine, *shown, cells.c.experiment).select_from(JOINED)


def _cells(connection: Connection, mine: ColumnElement[bool], query: Select[Any]) -> list[Cell]:
    done = select(runs.c.experiment, func.count().label("ended")).join(cells, cells.c.experiment == runs.c.experiment)
    done = done.where(mine, cells.c.status == DRAWN, runs.c.ended).group_by(runs.c.experiment, cells.c.batch)
    ended = {row.experiment: row.ended for row in connection.execute(done)}
    return [_cell(row, ended) for row in connection.execute(query.where(mine))]


def _cell(row: Sequence[Any], ended: dict[int, int]) -> Cell:
    # By place: a table has thousands of rows, and a name takes a quarter of a microsecond to be found.
    position, batch, point, seeds, state, experiment_id, is_over, reused, text, seconds, error, epoch, value, number = (
        row
    )
    result = RESULT.validate_json(text) if text else None
    return Cell(
        place=CellPlace(position, batch),
        point=tuple(from_json(point)),
        seeds=tuple(seeds),
        status=CellStatus(state),
        experiment_id=experiment_id,
        is_over=bool(is_over),
        reused=reused,
        seeds_done=len(result.seeds) if result else ended.get(number, 0),
        result=result,
        seconds=seconds,
        error=error,
        pruned=None if epoch is None else Pruned(epoch, value),
    )


def _records(connection: Connection, rows: Sequence[Row[Any]]) -> list[StudyRecord]:
    numbers = [row.number for row in rows]
    sizes = func.sum(func.json_array_length(cells.c.seeds))
    query = select(
        cells.c.study,
        STATE.label("state"),
        func.count().label("batches"),
        func.sum(case((cells.c.batch == 0, 1), else_=0)).label("cells"),
        sizes.label("trainings"),
        func.sum(case((cells.c.reused, 1), else_=0)).label("reused"),
        func.sum(case((cells.c.reused, 0.0), else_=func.coalesce(cells.c.seconds, 0.0))).label("seconds"),
        func.sum(case((cells.c.status == DRAWN, func.coalesce(experiments.c.revision, 0)), else_=0)).label("revisions"),
    )
    query = query.select_from(JOINED).where(cells.c.study.in_(numbers)).group_by(cells.c.study, STATE)
    groups: dict[int, list[Row[Any]]] = {number: [] for number in numbers}
    for group in connection.execute(query):
        groups[group.study].append(group)
    return [_record(row, groups[row.number]) for row in rows]


@lru_cache(maxsize=64)
def _spec(text: str) -> StudySpec:
    """Parse a stored spec. Cached: clients poll the same ones again and again."""
    return StudySpec.model_validate_json(text, context=STORED)


def _record(row: Row[Any], groups: Sequence[Row[Any]]) -> StudyRecord:
    spec = _spec(row.spec)
    done = sum(int(group.trainings) for group in groups if CellStatus(group.state).is_finished)
    count = sum(int(group.cells) for group in groups)
    undrawn = max(0, spec.cell_count - count) if spec.search.kind != "grid" else 0
    return StudyRecord(
        id=row.id,
        spec=spec,
        status=StudyStatus(row.status),
        revision=row.revision,
        state=(row.revision, sum(int(group.revisions) for group in groups)),
        stopped=row.stopped,
        created_at=row.created_at,
        finished_at=row.finished_at,
        error=row.error,
        cells=count + undrawn,
        drawn=count,
        counts={CellStatus(group.state): group.batches for group in groups},
        trainings=sum(int(group.trainings) for group in groups) + undrawn * len(spec.run_seeds),
        trainings_done=done,
        reused=sum(int(group.reused) for group in groups),
        seconds=math.fsum(group.seconds for group in groups),
    )
