"""Chart of histograms as ridge lines, one epoch behind another."""

from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from api.charts.ensemble import Ensemble
from api.charts.figure import FAINT, GROUND, INK, RAISED, blank, nothing
from gradlab.measurement.statistics.histograms import MAGNITUDES
from gradlab.series.vectors import Histograms

MAX_PANELS, MAX_RIDGES = 6, 12
COLUMNS, MAX_TICKS = 3, 2
ZERO_BIN = len(MAGNITUDES)  # bin of entries around 0
OVERLAP = 2.2  # height of a ridge, in distances between two ridges


def draw(experiment: str, histograms: Histograms) -> Figure:
    """Draw a panel for each tensor, and in it a ridge for each of some epochs; seeds are added up."""
    arrays = histograms.arrays()
    counts = np.nansum(arrays["counts"], axis=0)  # (epochs, tensors, bins)
    epochs, seeds = arrays["epochs"], tuple(arrays["seeds"].tolist())
    panels, ridges = _some(len(histograms.tensors), MAX_PANELS), _some(len(epochs), MAX_RIDGES)
    measured = Ensemble(seeds, epochs, np.zeros((len(seeds), len(epochs), 0)), arrays["lengths"])
    caption = [f"entries of {measured}", _of("layers", len(panels), len(histograms.tensors))]
    caption.append(_of("recorded epochs", len(ridges), len(epochs)))
    rows = 1 if len(panels) <= COLUMNS else 2
    figure = blank(
        f"{histograms.of.capitalize()}: how their entries are distributed", (experiment, *caption),
        panels=max(1, len(panels)), rows=rows, height=1.6 + 2.3 * rows,
    )  # fmt: skip
    if not counts.size or not counts.sum():
        return nothing(figure)
    used = np.flatnonzero(counts[ridges][:, panels].sum(axis=(0, 1)))
    bins = _shown(used)
    for axes, index in zip(figure.axes, panels, strict=True):
        _panel(axes, counts[ridges, index], epochs[ridges], bins)
        tensor = histograms.tensors[index]
        axes.set_title(f"{tensor.layer} {tensor.parameter}", fontsize=9, color=INK)
    for axes in figure.axes[-min(len(panels), COLUMNS) :]:
        axes.set_xlabel(f"value of a {histograms.of[:-1]} (steps of half a decade)", fontsize=8)
    figure.axes[0].set_ylabel("epoch")
    return figure


def _panel(axes: Axes, counts: np.ndarray, epochs: np.ndarray, bins: np.ndarray) -> None:
    """Draw the ridges of one tensor; the first epoch is at the back, at the top."""
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
    """Select the bins drawn: empty ones next to 0 and at both ends are left out."""
    sizes = np.abs(used - ZERO_BIN)
    low = max(1, int(sizes[sizes > 0].min()) - 1) if (sizes > 0).any() else 1
    high = min(ZERO_BIN, int(sizes.max()) + 1)
    around = np.arange(low, max(high, low) + 1)
    return np.concatenate([ZERO_BIN - around[::-1], [ZERO_BIN], ZERO_BIN + around])


def _ticks(bins: np.ndarray) -> list[tuple[float, str]]:
    """Return ticks among the bins, as (position, label): 0, and a few powers of ten on each side."""
    middle, nearest = len(bins) // 2, int(bins[len(bins) // 2 + 1]) - ZERO_BIN
    ticks: list[tuple[float, str]] = [(middle, "0")]
    sizes = [size for size in range(nearest + middle - 1, nearest, -1) if size % 2]
    for size in sizes[:: -(-len(sizes) // MAX_TICKS) or 1]:
        text = f"10{str(round(np.log10(MAGNITUDES[size - 1]))).translate(RAISED)}"
        offset = size - nearest + 0.5  # the lower edge of its bin
        if offset >= len(bins) / 8:  # far enough from the label 0
            ticks += [(middle + offset, text), (middle - offset, f"−{text}")]
    return ticks


def _some(count: int, limit: int) -> list[int]:
    """Select at most `limit` of `count` indices, evenly spaced, with the first and the last."""
    return [int(index) for index in np.unique(np.linspace(0, count - 1, min(count, limit)).round())] if count else []


def _of(noun: str, shown: int, total: int) -> str:
    return f"{shown} of {total} {noun}" if shown < total else ""
