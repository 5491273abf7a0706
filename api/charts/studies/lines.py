"""Lines of a study over one axis, with an interval around each cell; and over the epochs of its measures."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from api.charts.figure import blank, colours, decades, legend, nothing, over_epochs
from api.charts.studies.axes import ChartAxis, label
from api.charts.studies.columns import FAILING, Column, formula, scale_of
from api.charts.studies.query import StudyChartQuery, grouped
from gradlab.errors import NotFound
from gradlab.measurement.statistics import Scale
from gradlab.schemas.studies import AxisResponse, CellResponse
from gradlab.spec.study import StudyMeasure, StudySpec

MAX_NAMED = 20  # lines in a legend
MAX_PANELS = 3
MAX_BANDS = 6  # bands of more lines would cover one another
MARGIN = 1.5  # factor above and below the numbers of a logarithmic axis


def draw(query: StudyChartQuery) -> Figure:
    """Draw a column over one axis, with a line for each combination of the other axes' values."""
    column, (axis,) = query.drawn, query.along(1)
    around = column.around if _is_banded(query, axis) else ""
    figure = blank(f"{query.title} over {axis.name}", query.caption(column.middle, around))
    if not query.trained:
        return nothing(figure)
    _panel(figure.axes[0], query, axis, column)
    return figure


def draw_failures(query: StudyChartQuery) -> Figure:
    """Draw the share of failing seeds over one axis, with Wilson intervals."""
    return draw(replace(query, column=FAILING))


def draw_arriving(query: StudyChartQuery) -> Figure:
    """Draw the share of the output side's signal that arrives at the first layer, a panel for each measured epoch.

    Raises:
        NotFound: the study does not measure it.
    """
    measures = arriving(query.spec)
    if not measures:
        raise NotFound("This chart needs a measure of the signals whose `reduce` is 'ratio'; the study has none.")
    (axis,) = query.along(1)
    caption = query.caption("median of the seeds", formula(measures[0]))
    figure = blank(f"Share of the signal that arrives, over {axis.name}", caption, panels=len(measures))
    if not query.trained:
        return nothing(figure)
    for panel, measure in zip(figure.axes, measures, strict=True):
        _panel(panel, query, axis, replace(query, column=measure.name).drawn)
        panel.axhline(1, color="#888888", linewidth=0.8, linestyle=":", zorder=1)
    return figure


def draw_course(query: StudyChartQuery) -> Figure:
    """Draw measures over their epochs, a line for each cell and a panel for each statistic.

    Raises:
        NotFound: the study measures no statistic at two epochs.
    """
    measured = courses(query.spec)
    if not measured:
        raise NotFound("This chart needs measures of one statistic at several epochs; the study has none.")
    figure = blank("Measures over the epochs", query.caption("median of the seeds"), panels=len(measured))
    if not query.trained:
        return nothing(figure)
    rows = query.trained
    for axes, course in zip(figure.axes, measured, strict=True):
        epochs = np.array([measure.epoch for measure in course])
        numbers = np.array([[_number(row.measures.get(each.name)) for each in course] for row in rows])
        if len(rows) > MAX_NAMED:
            _many(axes, epochs, numbers)
        else:
            for row, colour, line in zip(rows, colours(len(rows)), numbers, strict=True):
                axes.plot(epochs, line, color=colour, label=_named(row, query.table.axes), linewidth=1.6, marker=".")
        _scale(axes, scale_of(course[0]), numbers)
        over_epochs(axes, epochs)
        axes.set_ylabel(formula(course[0]))
    _legend(figure.axes[len(measured) - 1], query.table.axes)
    return figure


def _many(axes: Axes, x: np.ndarray, heights: np.ndarray) -> None:
    """Draw lines without names as one collection: ten thousand of their own take ten seconds."""
    points = np.stack(np.broadcast_arrays(x[None], heights), axis=2).astype(float)
    axes.add_collection(LineCollection(list(points), colors=colours(len(heights)), linewidth=1.6))
    axes.autoscale_view()


def arriving(spec: StudySpec) -> list[StudyMeasure]:
    """Return a study's measures of the share of the signal that arrives, as many as are drawn."""
    return [each for each in spec.measures if each.series == "signals" and each.reduce == "ratio"][:MAX_PANELS]


def courses(spec: StudySpec) -> list[list[StudyMeasure]]:
    """Return groups of measures that differ by their epoch alone, in the order of the epochs, as many as are drawn.

    A measure of the last epoch belongs to none: its epoch has no number.
    """
    groups: dict[tuple[str, str, str], list[StudyMeasure]] = {}
    for each in spec.measures:
        if each.epoch != "last":
            groups.setdefault((each.series, each.statistic, each.reduce), []).append(each)
    by_epoch = [sorted(group, key=lambda each: int(each.epoch)) for group in groups.values()]
    return [group for group in by_epoch if len(group) > 1][:MAX_PANELS]


def _panel(axes: Axes, query: StudyChartQuery, axis: AxisResponse, column: Column) -> None:
    """Draw a column over an axis into one panel."""
    place = ChartAxis.of(axis, in_steps=False)
    others = _others(query, axis)
    lines, banded = grouped(query.trained, others), _is_banded(query, axis)
    for i, (colour, rows) in enumerate(zip(colours(len(lines)), lines.values(), strict=True)):
        style = {"color": colour, "label": _named(rows[0], others), "marker": ".", "markersize": 6, "zorder": 3}
        at = sorted(rows, key=lambda row: place.at(row.values[axis.name]))
        x = np.array([place.at(row.values[axis.name]) for row in at])
        if place.in_steps:
            shift = (i - (len(lines) - 1) / 2) * min(0.1, 0.5 / len(lines))
            _points(axes, x + shift, column, at, style)
        else:
            style |= {"linestyle": "-" if axis.values is not None else ""}
            _line(axes, x, column, at, style, banded=banded)
    place.dress(axes.xaxis)
    if place.in_steps:
        axes.set_xlim(-0.5, len(place.listed) - 0.5)
        axes.tick_params(axis="x", labelrotation=20 if len(place.listed) > 3 else 0)
    axes.set_ylabel(column.label)
    _scale(axes, column.scale, np.array([_number(column.value(row)) for row in query.trained]))
    if axes is axes.figure.axes[-1]:
        _legend(axes, others)


def _others(query: StudyChartQuery, axis: AxisResponse) -> list[AxisResponse]:
    """Return the axes whose values have a line each."""
    return [each for each in query.table.axes if each is not axis and each.values is not None]


def _is_banded(query: StudyChartQuery, axis: AxisResponse) -> bool:
    """True if intervals are drawn: as bars beside names, as bands around few lines."""
    if axis.values is None:
        return False
    return axis.scale == "names" or len(grouped(query.trained, _others(query, axis))) <= MAX_BANDS


def _line(
    axes: Axes, x: np.ndarray, column: Column, rows: Sequence[CellResponse], style: dict[str, Any], *, banded: bool
) -> None:
    """Draw a line through cells, with a band where they have intervals."""
    y, low, high = _heights(column, rows)
    axes.plot(x, y, linewidth=1.6, **style)
    if banded:
        axes.fill_between(x, low, high, color=style["color"], alpha=0.13, linewidth=0, zorder=2)


def _points(axes: Axes, x: np.ndarray, column: Column, rows: Sequence[CellResponse], style: dict[str, Any]) -> None:
    """Draw cells as points with bars: nothing lies between values that are names."""
    y, low, high = _heights(column, rows)
    bars = np.nan_to_num(np.array([y - low, high - y]).clip(min=0))
    axes.errorbar(x, y, bars, linestyle="", capsize=3, elinewidth=1.2, **style)


def _heights(column: Column, rows: Sequence[CellResponse]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The numbers of cells and the ends of their intervals, (cells,) each; NaN without one."""
    y = np.array([_number(column.value(row)) for row in rows])
    low, high = np.array([column.interval(row) or (np.nan, np.nan) for row in rows], float).T
    return y, low, high


def _scale(axes: Axes, scale: Scale, numbers: np.ndarray) -> None:
    positive = numbers[np.isfinite(numbers) & (numbers > 0)]
    if scale == "share":
        axes.set_ylim(-0.03, 1.03)
    elif scale == "log" and positive.size:
        low, high = float(positive.min()) / MARGIN, float(positive.max()) * MARGIN
        axes.set_yscale("log")
        axes.set_ylim(low, high)
        decades(axes.yaxis, low, high)


def _legend(axes: Axes, others: Sequence[AxisResponse]) -> None:
    """Name the lines by the values of these axes, if they are not too many."""
    handles = axes.get_legend_handles_labels()[0]
    if others and len(handles) <= MAX_NAMED:
        legend(axes, handles, title=", ".join(axis.name for axis in others), title_fontsize=8, alignment="left")


def _named(row: CellResponse, axes: Sequence[AxisResponse]) -> str:
    return ", ".join(label(row.values[axis.name]) for axis in axes)


def _number(number: float | None) -> float:
    return np.nan if number is None else number
