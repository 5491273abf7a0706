"""Comparison of cells: the spread of a number over seeds, the share that fails, and the best cell."""

import math
import statistics
from collections.abc import Mapping, Sequence
from functools import lru_cache

from core.study.record import Cell
from core.study.result import SeedOutcome, metric_of
from core.treatment.comparison import rate
from gradlab.schemas.studies import SpreadResponse
from gradlab.schemas.trials import Rate
from gradlab.spec.study import StudySpec


def spread(values: Sequence[float | None]) -> SpreadResponse | None:
    """Return median and quartiles of the values that are known; None if none is."""
    numbers = sorted(value for value in values if value is not None)
    if not numbers:
        return None
    low, median, high = (_quantile(numbers, share) for share in (0.25, 0.5, 0.75))
    return SpreadResponse(median=median, low=low, high=high, count=len(numbers))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile of sorted numbers, linear between them as NumPy's default: a table has thousands of them."""
    place = share * (len(ordered) - 1)
    below = int(place)
    if (rest := place - below) == 0:
        return ordered[below]
    return ordered[below] + rest * (ordered[below + 1] - ordered[below])


def failing(outcomes: Sequence[SeedOutcome]) -> Rate | None:
    """Return the share of failing seeds with its Wilson interval; None without a seed."""
    return _rate(sum(each.failing for each in outcomes), len(outcomes)) if outcomes else None


@lru_cache(maxsize=4096)
def _rate(count: int, of: int) -> Rate:
    """Return a share with its interval. Cached: SciPy takes a quarter of a millisecond, and cells have equal counts."""
    return rate(count, of)


def objective_of(study: StudySpec, outcomes: Sequence[SeedOutcome]) -> float | None:
    """Return the number of a cell that the study minimises; None without one."""
    if study.objective == "failing_share":
        return sum(each.failing for each in outcomes) / len(outcomes) if outcomes else None
    values = [each.metric for each in outcomes if each.metric is not None]
    if not values:
        return None
    median = statistics.median(values)  # of a few numbers: NumPy takes 70 times as long
    return -median if metric_of(study)[1] else median


def best(study: StudySpec, outcomes: Mapping[int, Sequence[SeedOutcome]]) -> int | None:
    """Return the position of the cell with the lowest objective, the first of equals; None if none has one.

    Args:
        study: the study.
        outcomes: of each cell's finished seeds, by its position, in order.
    """
    objectives = {position: objective_of(study, seeds) for position, seeds in outcomes.items()}
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
