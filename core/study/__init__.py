"""Studies: what a cell shows, how cells compare, and the records of both. All functions are pure."""

from core.study.comparison import best, by_position, failing, median_of, objective_of, outcomes_of, spread
from core.study.course import course
from core.study.record import Cell, CellPlace, Drawn, Pruned, StudyPage, StudyRecord
from core.study.result import CellResult, SeedOutcome, measured_key, metric_of, result_of

__all__ = [
    "Cell",
    "CellPlace",
    "CellResult",
    "Drawn",
    "Pruned",
    "SeedOutcome",
    "StudyPage",
    "StudyRecord",
    "best",
    "by_position",
    "course",
    "failing",
    "measured_key",
    "median_of",
    "metric_of",
    "objective_of",
    "outcomes_of",
    "result_of",
    "spread",
]
