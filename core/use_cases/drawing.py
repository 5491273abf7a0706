"""The next cells of a study: those that wait, points drawn at random, or points that Optuna proposes."""

from collections.abc import Sequence
from importlib.util import find_spec

from core.store import ExperimentStore
from core.study import Cell, CellPlace, Drawn, StudyRecord
from core.use_cases.proposing import proposed
from gradlab.errors import Invalid, Problem
from gradlab.schemas.studies import StudyStop
from gradlab.spec.study import Grid, Point, StudySpec, Tpe, drawn, place

# Cells of a study that have an experiment which has not ended, at most: enough for a few workers to choose from by
# architecture. Proposals rest on what has ended, so that fewer are under way.
MAX_UNDER_WAY, MAX_PROPOSED = 16, 4


def check_search(spec: StudySpec) -> None:
    """Check that this service can search as a study demands. Raises Invalid."""
    if spec.search.kind == "tpe" and find_spec("optuna") is None:
        raise Invalid(Problem("search", "grid or random: this service is installed without its extra `search`", "tpe"))


def next_cells(record: StudyRecord, *, store: ExperimentStore) -> tuple[list[Drawn], StudyStop | None]:
    """Return the cells to be trained next, and why none follows once none does.

    Args:
        record: the study.
        store: the store of the study.
    """
    spec, limit = record.spec, MAX_PROPOSED if record.spec.search.kind == "tpe" else MAX_UNDER_WAY
    if spec.budget.seconds is not None and record.seconds >= spec.budget.seconds:
        return [], "seconds"
    room = limit - record.under_way
    if room <= 0:
        return [], None
    waiting = store.studies.waiting(record.id, limit=room)
    if waiting:
        return [_drawn(spec, each.place, each.point, each.seeds) for each in waiting], None
    missing = min(room, record.cells - record.drawn)
    if spec.search.kind == "grid" or not missing:
        return [], "all cells"
    points = _new_points(spec, store.studies.cells(record.id), missing)
    first = record.drawn
    cells = [_drawn(spec, CellPlace(first + i, 0), point, spec.run_seeds) for i, point in enumerate(points)]
    return cells, None if cells else "no new points"


def _new_points(spec: StudySpec, cells: Sequence[Cell], count: int) -> list[Point]:
    search = spec.search
    if isinstance(search, Grid):
        return []
    if isinstance(search, Tpe):
        return proposed(spec, search, cells, count)
    taken = [cell.point for cell in cells if cell.place.batch == 0]
    points: list[Point] = []
    while len(points) < count and (point := drawn(spec.axes, search.seed, [*taken, *points])):
        points.append(point)
    return points


def _drawn(spec: StudySpec, where: CellPlace, point: Point, seeds: tuple[int, ...]) -> Drawn:
    try:
        return Drawn(where, point, seeds, place(spec.base.model_dump(mode="json"), spec.axes, point, seeds))
    except Invalid as error:
        return Drawn(where, point, seeds, None, str(error))
