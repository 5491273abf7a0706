"""Points that Optuna proposes: new, repeatable, and better than chance."""

import math
from typing import Any

import pytest

from core.study import Cell, CellPlace, CellResult, SeedOutcome
from core.use_cases.proposing import proposed
from gradlab.schemas.status import CellStatus
from gradlab.spec.study import Point, StudySpec, Tpe
from tests.builders import a_spec

pytestmark = pytest.mark.slow  # Optuna is imported

AXES: list[dict[str, Any]] = [
    {"knob": "learning_rate", "log_uniform": [1e-4, 1]},
    {"knob": "depth", "values": [1, 2, 3]},
    {"knob": "activation", "values": ["relu", "tanh"]},
]
SEARCH = Tpe(seed=1, startup=8)


def a_study(axes: list[dict[str, Any]] = AXES) -> StudySpec:
    return StudySpec.model_validate(
        {"base": a_spec().model_dump(mode="json"), "axes": axes, "search": SEARCH, "budget": {"trainings": 60}}
    )


def a_cell(position: int, point: Point, metric: float | None) -> Cell:
    """A cell whose one seed ended with a metric; under way without one."""
    place = CellPlace(position, 0)
    if metric is None:
        return Cell(place, point, (0,), CellStatus.running)
    outcome = SeedOutcome(0, metric, False, ())
    return Cell(place, point, (0,), CellStatus.completed, result=CellResult("healthy", None, (outcome,)))


def accuracy(point: Point) -> float:
    """Best at a rate of 0.01 with tanh."""
    return 1 - abs(math.log10(point[0]) + 2) / 4 - 0.3 * (point[2] == "relu")


def test_the_estimator_goes_where_cells_are_good():
    study, cells = a_study(), list[Cell]()
    for position in range(24):
        (point,) = proposed(study, SEARCH, cells, 1)
        cells.append(a_cell(position, point, accuracy(point)))
    early, late = (sum(accuracy(cell.point) for cell in part) / 8 for part in (cells[:8], cells[-8:]))
    assert late > early + 0.1
    assert {cell.point[1] for cell in cells} == {1, 2, 3}
    assert proposed(study, SEARCH, cells, 2) == proposed(study, SEARCH, cells, 2)


def test_proposals_differ_from_one_another_and_from_cells_under_way_until_none_is_left():
    study = a_study(AXES[1:])
    cells = [a_cell(0, (1, "relu"), None)]
    points = proposed(study, SEARCH, cells, 10)
    assert sorted([*points, (1, "relu")]) == sorted((depth, name) for depth in (1, 2, 3) for name in ("relu", "tanh"))
