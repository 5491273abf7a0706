"""Chart of one statistic as a heat map, layer × epoch: vanishing, exploding and dead layers at a glance."""

from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import LogNorm, Normalize, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from api.charts.figure import FAINT, GROUND, LOST, ZERO, blank, decades, nothing, over_epochs
from api.charts.layered import Layered
from gradlab.measurement.statistics import Scale

# Decades of the colour scale. Smaller values have its darkest colour.
MAX_DECADES = 12
MAX_NAMED = 20  # layer names beside the map
MAX_MARKED = 400  # columns of marks; more would be indistinguishable


def draw(layered: Layered) -> Figure:
    """Draw the median over the seeds. Cells with a value that is not finite are hatched; zeros are grey."""
    measured, count = layered.measured, len(layered.layers)
    height = 1.9 + 0.26 * min(max(count, 5), 12) + 0.1 * min(max(count - 12, 0), 20)  # inches
    figure = blank(layered.title, layered.caption("median"), height=height)
    if measured.is_empty:
        return nothing(figure)
    axes, values, lost = figure.axes[0], measured.middle.T, measured.lost.T  # (layers, epochs)
    zero = (values == 0) & ~lost & (layered.scale == "log")
    shown = np.ma.masked_where(lost | zero | ~np.isfinite(values), values)
    half = (measured.epochs[-1] - measured.epochs[0]) / max(1, len(measured.epochs) - 1) / 2 or 0.5
    extent = (measured.epochs[0] - half, measured.epochs[-1] + half, -0.5, count - 0.5)
    norm = _norm(layered.scale, shown)
    colours = matplotlib.colormaps["viridis"].with_extremes(bad=(0, 0, 0, 0))
    image = axes.imshow(
        shown, colours, norm, extent=extent, origin="lower", aspect="auto", interpolation="nearest", zorder=1
    )
    marks = []
    if zero.any():
        grey = np.where(zero[:, :, None], to_rgba(ZERO), 0.0)
        axes.imshow(grey, extent=extent, origin="lower", aspect="auto", interpolation="nearest", zorder=1)
        marks.append(Patch(facecolor=ZERO, edgecolor="#999999", label="exactly 0"))
    if lost.any():
        marks.append(_cross(axes, lost, (extent[0], extent[1]), layered.lost_label))
    over_epochs(axes, measured.epochs)
    axes.set_xlim(extent[0], extent[1])
    _label(axes, layered.layers)
    bar = figure.colorbar(image, ax=axes, pad=0.015, aspect=25, extend="min" if _is_cut(norm, shown) else "neither")
    bar.set_label(layered.axis, size=9)
    bar.ax.tick_params(labelsize=8)
    if isinstance(norm, LogNorm) and norm.vmin and norm.vmax:
        decades(bar.ax.yaxis, norm.vmin, norm.vmax)
    if marks:
        axes.legend(handles=marks, fontsize=8, frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1.0, 1.0))
    return figure


def _norm(scale: Scale, shown: np.ma.MaskedArray) -> Normalize:
    finite = shown.compressed()
    if scale == "share":
        return Normalize(0, 1)
    if scale == "log":
        finite = finite[finite > 0]
        high = float(finite.max()) if len(finite) else 1.0
        low = float(finite.min()) if len(finite) else 0.1
        low = max(low, high * 10.0**-MAX_DECADES)
        return LogNorm(low if low < high else high / 10, high)
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    return Normalize(low, high if high > low else low + 1)


def _is_cut(norm: Normalize, shown: np.ma.MaskedArray) -> bool:
    finite = shown.compressed()
    return bool(len(finite)) and float(finite.min()) < (norm.vmin or 0.0) and isinstance(norm, LogNorm)


def _cross(axes: Axes, lost: np.ndarray, span: tuple[float, float], label: str) -> Patch:
    """Hatch cells that are not finite. Many epochs are grouped; a group is hatched if one of its epochs is."""
    parts = np.array_split(lost, min(MAX_MARKED, lost.shape[1]), axis=1)
    marked = np.stack([part.any(axis=1) for part in parts], axis=1)  # (layers, columns)
    widths = np.cumsum([0, *(part.shape[1] for part in parts)]) / lost.shape[1]
    edges = span[0] + (span[1] - span[0]) * widths
    boxes = []
    for layer, row in enumerate(marked):
        bounds = np.flatnonzero(np.diff([False, *row, False]))
        for begin, end in zip(edges[bounds[::2]], edges[bounds[1::2]], strict=True):
            boxes.append([(begin, layer - 0.5), (end, layer - 0.5), (end, layer + 0.5), (begin, layer + 0.5)])
    style: dict[str, Any] = {"facecolor": LOST, "edgecolor": GROUND, "hatch": "xxx", "linewidth": 0}
    axes.add_collection(PolyCollection(boxes, zorder=2, **style), autolim=False)
    return Patch(label=label, **style)


def _label(axes: Axes, layers: tuple[str, ...]) -> None:
    """Label the layers, at most MAX_NAMED of them; the input side is at the bottom."""
    step = -(-len(layers) // MAX_NAMED)
    indices = range(0, len(layers), step)
    axes.set_yticks(list(indices), [layers[index] for index in indices])
    axes.tick_params(axis="y", length=0)
    axes.set_ylabel("input side   →   output side")
    axes.spines[["left", "bottom"]].set_color(FAINT)
