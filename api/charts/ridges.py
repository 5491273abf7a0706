"""Ridge lines: how the entries of a tensor are distributed, one epoch behind another."""

from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from api.charts.ensemble import Ensemble
from api.charts.figure import FAINT, GROUND, INK, RAISED, blank, nothing
from api.series.vectors import Histograms
from gradlab.measurement.statistics.histograms import MAGNITUDES

MAX_PANELS, MAX_RIDGES = 6, 12
COLUMNS, MAX_TICKS = 3, 2
ZERO_BIN = len(MAGNITUDES)  # of what is too small to count
OVERLAP = 2.2  # a ridge's peak, in distances between two ridges


def draw(experiment: str, found: Histograms) -> Figure:
    """A panel for each tensor, a ridge for each of some epochs; all seeds' entries together."""
    arrays = found.arrays()
    counts = np.nansum(arrays["counts"], axis=0)  # (epochs, tensors, bins)
    epochs, seeds = arrays["epochs"], tuple(arrays["seeds"].tolist())
    panels, ridges = _some(len(found.tensors), MAX_PANELS), _some(len(epochs), MAX_RIDGES)
    measured = Ensemble(seeds, epochs, np.zeros((len(seeds), len(epochs), 0)), arrays["lengths"])
    told = [f"entries of {measured}", _of("layers", len(panels), len(found.tensors))]
    told.append(_of("recorded epochs", len(ridges), len(epochs)))
    rows = 1 if len(panels) <= COLUMNS else 2
    figure = blank(
        f"{found.of.capitalize()}: how their entries are distributed", (experiment, *told),
        panels=max(1, len(panels)), rows=rows, height=1.6 + 2.3 * rows,
    )  # fmt: skip
    if not counts.size or not counts.sum():
        return nothing(figure)
    used = np.flatnonzero(counts[ridges][:, panels].sum(axis=(0, 1)))
    bins = _shown(used)
    for axes, place in zip(figure.axes, panels, strict=True):
        _panel(axes, counts[ridges, place], epochs[ridges], bins)
        tensor = found.tensors[place]
        axes.set_title(f"{tensor.layer} {tensor.parameter}", fontsize=9, color=INK)
    for axes in figure.axes[-min(len(panels), COLUMNS) :]:
        axes.set_xlabel(f"value of a {found.of[:-1]} (steps of half a decade)", fontsize=8)
    figure.axes[0].set_ylabel("epoch")
    return figure


def _panel(axes: Axes, counts: np.ndarray, epochs: np.ndarray, bins: np.ndarray) -> None:
    """The first epoch at the back, at the top."""
    edges = np.arange(len(bins) + 1) - 0.5
    shades = matplotlib.colormaps["viridis"](np.linspace(0.15, 0.85, len(epochs)))
    for back, (row, shade) in enumerate(zip(counts[:, bins], shades, strict=True)):
        base = len(epochs) - 1 - back
        height = base + OVERLAP * row / max(1.0, float(row.max()))
        style: dict[str, Any] = {"facecolor": shade, "edgecolor": GROUND, "linewidth": 0.7, "alpha": 0.85}
        axes.stairs(height, edges, baseline=base, fill=True, zorder=back, **style)
    axes.axvline(len(bins) // 2, color=FAINT, linewidth=0.8, zorder=-1)
    axes.set_xlim(-0.5, len(bins) - 0.5)
    axes.set_ylim(-0.2, len(epochs) + OVERLAP - 0.8)
    axes.set_yticks(range(len(epochs)), [str(epoch) for epoch in epochs[::-1]])
    ticks = _ticks(bins)
    axes.set_xticks([place for place, _ in ticks], [label for _, label in ticks])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _shown(used: np.ndarray) -> np.ndarray:
    """The bins that are drawn: sizes that no entry has are left out next to 0 and at both ends."""
    sizes = np.abs(used - ZERO_BIN)
    least = max(1, int(sizes[sizes > 0].min()) - 1) if (sizes > 0).any() else 1
    most = min(ZERO_BIN, int(sizes.max()) + 1)
    around = np.arange(least, max(most, least) + 1)
    return np.concatenate([ZERO_BIN - around[::-1], [ZERO_BIN], ZERO_BIN + around])


def _ticks(bins: np.ndarray) -> list[tuple[float, str]]:
    """Where powers of ten lie among the bins, a few on each side from the largest down, and 0."""
    middle, nearest = len(bins) // 2, int(bins[len(bins) // 2 + 1]) - ZERO_BIN
    labelled: list[tuple[float, str]] = [(middle, "0")]
    sizes = [size for size in range(nearest + middle - 1, nearest, -1) if size % 2]
    for size in sizes[:: -(-len(sizes) // MAX_TICKS) or 1]:
        text = f"10{str(round(np.log10(MAGNITUDES[size - 1]))).translate(RAISED)}"
        away = size - nearest + 0.5  # the lower edge of its bin
        if away >= len(bins) / 8:  # not on top of the 0
            labelled += [(middle + away, text), (middle - away, f"−{text}")]
    return labelled


def _some(count: int, most: int) -> list[int]:
    """So many of them at most, the first and the last among them."""
    return [int(place) for place in np.unique(np.linspace(0, count - 1, min(count, most)).round())] if count else []


def _of(what: str, shown: int, there: int) -> str:
    return f"{shown} of {there} {what}" if shown < there else ""
