"""Chart of one statistic over the epochs, with a line for each layer."""

from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from api.charts.ensemble import Ensemble
from api.charts.figure import LINES, blank, colours, decades, legend, nothing, over_epochs
from api.charts.layered import Layered
from gradlab.measurement.statistics import Scale

MAX_MARKS, MIN_MARKS = 120, 8  # marks of all lines together, and of each line at least; more would overlap
MAX_BANDS = len(LINES)  # bands of more lines would cover one another
MAX_BAND_RATIO = 1e3  # the axis ends at most at this multiple of the largest median
MAX_POINTS = 20_000  # more are drawn as pixels, because outlines would take megabytes


def draw(layered: Layered) -> Figure:
    """Draw, for each layer, the median over the seeds, with a band from the lowest to the highest seed."""
    measured, banded = layered.measured, len(layered.layers) <= MAX_BANDS
    figure = blank(layered.title, layered.caption("median" + (" and range" if banded else "")))
    if measured.is_empty:
        return nothing(figure)
    axes = figure.axes[0]
    scaled(axes, layered.scale, measured)
    order = colours(len(layered.layers))
    for column, (layer, colour) in enumerate(zip(layered.layers, order, strict=True)):
        line(axes, measured, column, colour, layer, layered.scale, banded=banded)
    over_epochs(axes, measured.epochs)
    axes.set_ylabel(layered.axis)
    marks = mark_handles(measured, layered.scale, layered.lost_label)
    if len(layered.layers) <= MAX_BANDS:
        legend(axes, [*reversed(axes.get_legend_handles_labels()[0]), *marks])  # output side at the top
    else:
        _ramp(figure, axes, layered.layers)
        legend(axes, marks, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
    return figure


def line(
    axes: Axes, measured: Ensemble, column: int, colour: str, label: str, scale: Scale, *, banded: bool, dash: str = "-"
) -> None:
    """Draw one column: its line, its band, and marks for values off the axis: ▼ for 0 on a log axis, × not finite."""
    epochs, middle = measured.epochs, measured.middle[:, column]
    zero = (middle == 0) & (scale == "log")
    drawn = np.where(zero, np.nan, middle)
    pixels = measured.middle.size > MAX_POINTS
    axes.plot(epochs, drawn, color=colour, linestyle=dash, linewidth=1.6, label=label, zorder=3, rasterized=pixels)
    isolated = np.isfinite(drawn) & ~np.isfinite(np.roll(drawn, 1)) & ~np.isfinite(np.roll(drawn, -1))
    isolated |= np.isfinite(drawn) & (len(epochs) == 1)
    if isolated.any():  # a line does not show a point between two gaps
        axes.plot(epochs[isolated], drawn[isolated], ".", color=colour, markersize=5, zorder=3)
    if banded and len(measured.seeds) > 1:
        low, high = measured.low[:, column], measured.high[:, column]
        low = np.where(low > 0, low, high.clip(min=0) * 1e-30 + 1e-38) if scale == "log" else low
        axes.fill_between(epochs, low, high, where=~zero, color=colour, alpha=0.13, linewidth=0, zorder=2)
    edge = axes.get_xaxis_transform()
    for where, height, marker in ((zero, 0.012, "v"), (measured.lost[:, column], 0.985, "x")):
        (marked,) = np.nonzero(where)
        limit = max(MIN_MARKS, MAX_MARKS // measured.values.shape[2])
        marked = marked[:: -(-len(marked) // limit) or 1]
        if len(marked):
            axes.plot(
                epochs[marked], np.full(len(marked), height), marker, color=colour, markersize=4, transform=edge,
                clip_on=False, zorder=4,
            )  # fmt: skip


def scaled(axes: Axes, scale: Scale, measured: Ensemble) -> None:
    """Set scale and limits of the vertical axis from the medians, because the ends of a band may lie far away."""
    if scale == "share":
        axes.set_ylim(-0.03, 1.03)
        return
    finite = measured.middle[np.isfinite(measured.middle)]
    if scale == "linear":
        return
    axes.set_yscale("log")
    finite = finite[finite > 0]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.1, 1.0)
    high = float(np.nanmin([np.nanmax(measured.high), high * MAX_BAND_RATIO])) if len(finite) else high
    axes.set_ylim(low / 2, high * 2)
    decades(axes.yaxis, low / 2, high * 2)


def mark_handles(measured: Ensemble, scale: Scale, lost_label: str) -> list[Line2D]:
    """Build the legend's handles of the marks that are drawn."""
    grey: dict[str, Any] = {"color": "#555555", "linestyle": "", "markersize": 4}
    marks = []
    if scale == "log" and (measured.middle == 0).any():
        marks.append(Line2D([], [], marker="v", label="exactly 0", **grey))
    if measured.lost.any():
        marks.append(Line2D([], [], marker="x", label=lost_label, **grey))
    return marks


def _ramp(figure: Figure, axes: Axes, layers: tuple[str, ...]) -> None:
    """Add a colour bar in place of a legend of many layers."""
    ramp = matplotlib.colormaps["cividis"].resampled(256)
    shades = ScalarMappable(Normalize(0, (len(layers) - 1) / 0.92), ramp)
    bar = figure.colorbar(shades, ax=axes, pad=0.015, aspect=25, boundaries=np.linspace(0, len(layers) - 1, 257))
    indices = np.unique(np.linspace(0, len(layers) - 1, 5).round().astype(int))
    bar.set_ticks(list(indices), labels=[layers[index] for index in indices])
    bar.ax.tick_params(labelsize=8, length=0)
