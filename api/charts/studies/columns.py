"""Columns of a study's table that are drawn: the metric, the failing share and the measures."""

from collections.abc import Callable
from dataclasses import dataclass

from api.charts.history import RANGES
from gradlab.errors import Invalid, Problem, shorten
from gradlab.measurement.kinds import BY_NAME
from gradlab.measurement.statistics import Scale
from gradlab.schemas.studies import CellResponse, StudyTableResponse
from gradlab.spec.study import StudyMeasure, StudySpec

FAILING = "failing"
REDUCTIONS = {
    "ratio": "first layer over last",
    "growth": "factor per layer on the way back",
    "first": "first layer",
    "last": "last layer",
    "mean": "mean of the layers",
}


@dataclass(frozen=True)
class Column:
    """Column of a table as something to draw.

    Attributes:
        name: name of the column.
        label: label of its axis or colour scale.
        scale: scale of the axis.
        value: number of a cell; None without one.
        interval: lowest and highest of an interval around it; None without one.
        middle: the number of a cell, in words.
        around: the interval around it, in words; "" without one.
    """

    name: str
    label: str
    scale: Scale
    value: Callable[[CellResponse], float | None]
    interval: Callable[[CellResponse], tuple[float, float] | None]
    middle: str
    around: str = ""


def column_named(name: str | None, table: StudyTableResponse, spec: StudySpec) -> Column:
    """Return a column; the metric without a name.

    Raises:
        Invalid: there is none of that name.
    """
    columns = {each.name: each for each in columns_of(table, spec)}
    if name is None:
        return columns[table.metric]
    if name not in columns:
        raise Invalid(Problem("column", f"one of {', '.join(columns)}", shorten(name)))
    return columns[name]


def columns_of(table: StudyTableResponse, spec: StudySpec) -> list[Column]:
    """Return the columns of a table."""
    return [_metric(table.metric), FAILING_SHARE, *map(_measure, spec.measures)]


def _metric(name: str) -> Column:
    scale: Scale = "share" if RANGES.get(name.removeprefix("val_"), "").startswith("[0, 1]") else "linear"
    return Column(
        name, name, scale,
        lambda cell: cell.metric.median if cell.metric else None,
        lambda cell: (cell.metric.low, cell.metric.high) if cell.metric else None,
        "median of the seeds", "middle half of them",
    )  # fmt: skip


FAILING_SHARE = Column(
    FAILING, "share of seeds that fail", "share",
    lambda cell: cell.failing.count / cell.failing.of if cell.failing else None,
    lambda cell: (cell.failing.low, cell.failing.high) if cell.failing else None,
    "share of the seeds", "its 95 % Wilson interval",
)  # fmt: skip


def _measure(measure: StudyMeasure) -> Column:
    epoch = "last epoch" if measure.epoch == "last" else f"epoch {measure.epoch}"
    middle = f"median of the seeds: {formula(measure)}, {epoch}"
    return Column(
        measure.name,
        measure.name,
        scale_of(measure),
        lambda cell: cell.measures.get(measure.name),
        lambda _: None,
        middle,
    )


def formula(measure: StudyMeasure) -> str:
    """Return a measure in words, without its epoch."""
    return f"{measure.statistic} of the {measure.series}, {REDUCTIONS[measure.reduce]}"


def scale_of(measure: StudyMeasure) -> Scale:
    """Return the scale of a measure's axis; ratios of sizes have a logarithmic one."""
    if measure.reduce in ("ratio", "growth"):
        return "log"
    return BY_NAME[measure.series].statistic(measure.statistic).scale
