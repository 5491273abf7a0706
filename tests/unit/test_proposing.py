"""Points that Optuna proposes, new, repeatable, and better than chance; and the cells that its pruners end."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.study import Cell, CellPlace, CellResult, Pruned, SeedOutcome, course
from core.use_cases.proposing import proposed, pruned_at
from gradlab.measurement.rows import Rows
from gradlab.schemas.status import CellStatus
from gradlab.spec.study import MedianPruner, PercentilePruner, Point, StudySpec, Tpe
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


def accuracies(rate: float) -> dict[int, float]:
    """The course of an accuracy that rises at a rate."""
    return {epoch: 1 - 0.5 * math.exp(-rate * epoch) for epoch in range(1, 60)}


@pytest.mark.parametrize(
    ("pruner", "expected", "later"),
    [
        (MedianPruner(startup_trials=3), 1, 31),
        (MedianPruner(startup_trials=3, warmup_epochs=20, interval=5), 20, 35),
        (MedianPruner(startup_trials=4), None, None),
        (MedianPruner(startup_trials=3, min_trials=4), None, None),
        (PercentilePruner(startup_trials=3, percentile=100), 1, 31),
    ],
)
def test_a_cell_worse_than_others_is_pruned_and_one_as_good_is_not(pruner, expected, later):
    study = a_study()
    completed = [(a_cell(i, (0.01, 1, "tanh"), 0.9), accuracies(rate)) for i, rate in enumerate((0.05, 0.1, 0.2))]
    completed[0][1][40] = math.nan
    bad = accuracies(0.001)
    assert pruned_at(study, pruner, completed, bad, after=0) == expected
    assert pruned_at(study, pruner, completed, bad, after=30) == later, "what was compared is not compared again"
    assert pruned_at(study, pruner, completed, dict.fromkeys(bad, math.nan), after=0) == expected
    assert pruned_at(study, pruner, completed, accuracies(0.3), after=0) is None


def test_proposals_keep_away_from_pruned_cells():
    study = a_study(AXES[:1])
    cells = [a_cell(i, (10.0 ** -(i % 5),), None) for i in range(10)]
    cells = [
        a_cell(i, cell.point, 0.9)
        if cell.point[0] == 0.01
        else replace(cell, status=CellStatus.pruned, pruned=Pruned(20, 0.5))
        for i, cell in enumerate(cells)
    ]
    points = proposed(study, SEARCH, cells, 4)
    assert sum(0.001 < rate < 0.1 for (rate,) in points) >= 3, points
    failed = [cell if cell.result else replace(cell, status=CellStatus.failed) for cell in cells]
    assert points != proposed(study, SEARCH, failed, 4), "of which nothing is learnt"


def test_a_course_is_the_metric_as_if_the_training_ended_there():
    epochs = np.arange(11)
    rising, ended = (Rows(epochs[:count], epochs[:count, None] * np.array([1.0, 3.0])) for count in (11, 4))
    assert course([rising], [0], [1, 4, 10]) == {1: 0.5, 4: 2, 10: 8}
    assert course([rising, ended], [0, 1], [10]) == {10: (16 + 3) / 2}
    assert course([rising, Rows(epochs[:0], np.empty((0, 2)))], [0], [10]) == {10: 8}, "it has not begun"
    broken = Rows(epochs, np.full((11, 2), np.nan))
    assert math.isnan(course([broken], [0], [10])[10])
