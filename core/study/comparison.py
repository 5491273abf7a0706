"""Comparison of cells: the spread of a number over seeds, the share that fails, and the best cell."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypedDict

from core.study.record import Cell
from core.study.result import SeedOutcome, metric_of
from core.treatment.comparison import rate
from gradlab.schemas.trials import Rate
from gradlab.spec.study import StudySpec


class Spread(TypedDict):
    """Spread of a number over the seeds of a cell: median, lower and upper quartile, and number of values."""

    median: float
    low: float
    high: float
    count: int


def spread(values: Sequence[float | None]) -> Spread | None:
    """Return median and quartiles of the values that are known; None if none is."""
    numbers = sorted([value for value in values if value is not None])
    if not numbers:
        return None
    low, high = _quantile(numbers, 0.25), _quantile(numbers, 0.75)
    return Spread(median=_quantile(numbers, 0.5), low=low, high=high, count=len(numbers))


def median_of(values: Sequence[float | None]) -> float | None:
    """Return the median of the values that are known; None if none is."""
    numbers = sorted([value for value in values if value is not None])
    return _quantile(numbers, 0.5) if numbers else None


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile of sorted numbers, linear between them as NumPy's default: a table has thousands of them."""
    place = share * (len(ordered) - 1)
    below = int(place)
    if (rest := place - below) == 0:
        return ordered[below]
    return ordered[below] + rest * (ordered[below + 1] - ordered[below])


def failing(outcomes: Sequence[SeedOutcome]) -> Rate | None:
    """Return the share of failing seeds with its Wilson interval; None without a seed."""
    return _rate([each.failing for each in outcomes].count(True), len(outcomes)) if outcomes else None


@lru_cache(maxsize=4096)
def _rate(count: int, of: int) -> Rate:
    """Return a share with its interval. Cached: SciPy takes a quarter of a millisecond, and cells have equal counts."""
    return rate(count, of)


def objective_of(study: StudySpec, outcomes: Sequence[SeedOutcome]) -> float | None:
    """Return the number of a cell that the study minimises; None without one."""
    return _objective(study.objective, metric_of(study)[1], outcomes)


def _objective(name: str, higher: bool, outcomes: Sequence[SeedOutcome]) -> float | None:
    if name == "failing_share":
        return [each.failing for each in outcomes].count(True) / len(outcomes) if outcomes else None
    median = median_of([each.metric for each in outcomes])
    return -median if median is not None and higher else median


def best(study: StudySpec, outcomes: Mapping[int, Sequence[SeedOutcome]]) -> int | None:
    """Return the position of the cell with the lowest objective, the first of equals; None if none has one.

    Args:
        study: the study.
        outcomes: of each cell's finished seeds, by its position, in order.
    """
    name, (_, higher) = study.objective, metric_of(study)
    objectives = {position: _objective(name, higher, seeds) for position, seeds in outcomes.items()}
    lowest = min((value for value in objectives.values() if value is not None), default=math.nan)
    return next((position for position, value in objectives.items() if value == lowest), None)


def by_position(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Return for each position its batches of seeds, in order."""
    batches: dict[int, list[Cell]] = {}
    for cell in cells:
        batches.setdefault(cell.place.position, []).append(cell)
    return list(batches.values())


def outcomes_of(batches: Sequence[Cell]) -> list[SeedOutcome]:
    """Return the outcomes of a cell's finished seeds."""
    return [outcome for batch in batches if batch.result for outcome in batch.result.seeds]
