"""Parallel coordinates of a study: a line for each cell across all its axes and the column that is drawn."""

import matplotlib
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from api.charts.figure import FAINT, INK, blank, decades, nothing, power
from api.charts.studies.axes import ChartAxis, label
from api.charts.studies.maps import norm_of
from api.charts.studies.query import StudyChartQuery

MAX_WRITTEN = 8  # values written beside one axis


def draw(query: StudyChartQuery) -> Figure:
    """Draw a line for each trained cell in the colour of its number, the highest numbers on top."""
    column = query.drawn
    figure = blank(f"{query.title} across all axes", query.caption(column.middle))
    rows = [(number, row) for row in query.trained if (number := column.value(row)) is not None]
    if not rows:
        return nothing(figure)
    rows.sort(key=lambda pair: pair[0])
    numbers, axes = np.array([number for number, _ in rows]), figure.axes[0]
    norm = norm_of(column.scale, numbers.tolist())
    heights = np.empty((len(rows), len(query.table.axes) + 1))
    for i, axis in enumerate(query.table.axes):
        place = ChartAxis.of(axis, in_steps=False)
        at = np.array([place.at(row.values[axis.name]) for _, row in rows])
        heights[:, i], ticks = _spread(place, at)
        axes.axvline(i, color=FAINT, zorder=1)
        for height, text in ticks:
            axes.annotate(text, (i, height), (4, 0), textcoords="offset points", fontsize=7, color=INK, zorder=4)
    heights[:, -1] = np.asarray(norm(numbers), float)
    axes.axvline(heights.shape[1] - 1, color=FAINT, zorder=1)
    places = np.broadcast_to(np.arange(heights.shape[1]), heights.shape)
    lines = LineCollection(
        list(np.stack([places, heights], axis=2)), cmap="viridis", norm=norm, linewidth=1.2, zorder=2
    )
    lines.set_array(numbers)
    axes.add_collection(lines)
    axes.set(xlim=(-0.1, heights.shape[1] - 0.9), ylim=(-0.05, 1.05))
    axes.set_xticks(range(heights.shape[1]), [*(axis.name for axis in query.table.axes), column.label])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    bar = figure.colorbar(matplotlib.cm.ScalarMappable(norm, "viridis"), ax=axes, pad=0.015, aspect=25)
    bar.ax.tick_params(labelsize=8)
    if isinstance(norm, LogNorm) and norm.vmin and norm.vmax:
        decades(bar.ax.yaxis, norm.vmin, norm.vmax)
    return figure


def _spread(place: ChartAxis, at: np.ndarray) -> tuple[np.ndarray, list[tuple[float, str]]]:
    """Return heights in [0, 1] for places on an axis, and its written values."""
    is_log = place.axis.scale == "log" and not place.in_steps
    ends = [place.at(value) for value in place.listed] or list(place.ends)
    scaled, bounds = (np.log(each) if is_log else np.asarray(each, float) for each in (at, np.array(ends, float)))
    low, high = float(bounds.min()), float(bounds.max())
    span = high - low or 1.0
    names = [label(value) for value in place.listed] or [power(each) if each > 0 else f"{each:g}" for each in ends]
    step = -(-len(names) // MAX_WRITTEN)
    ticks = [(float((bound - low) / span), name) for bound, name in zip(bounds, names, strict=True)][::step]
    return (scaled - low) / span, ticks
