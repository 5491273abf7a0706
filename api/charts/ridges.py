"""Ridge lines: how the entries of a tensor are distributed, one epoch behind another."""

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from api.charts.ensemble import Ensemble
from api.charts.figure import FAINT, GROUND, INK, RAISED, blank, nothing
from api.series.vectors import Histograms
from core.statistics.histograms import MAGNITUDES

MOST_PANELS, MOST_RIDGES = 6, 12
COLUMNS = 3
OVERLAP = 2.2  # a ridge's peak, in distances between two ridges


def draw(experiment: str, found: Histograms) -> Figure:
    """A panel for each tensor, a ridge for each of some epochs; all seeds' entries together."""
    arrays = found.arrays()
    counts = np.nansum(arrays["counts"], axis=0)  # (epochs, tensors, bins)
    epochs, seeds = arrays["epochs"], tuple(arrays["seeds"].tolist())
    panels, ridges = _some(len(found.tensors), MOST_PANELS), _some(len(epochs), MOST_RIDGES)
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
    for axes, place in zip(figure.axes, panels, strict=True):
        _panel(axes, counts[ridges, place], epochs[ridges], (max(0, used[0] - 1), used[-1] + 1))
        tensor = found.tensors[place]
        axes.set_title(f"{tensor.layer} {tensor.parameter}", fontsize=9, color=INK)
    for axes in figure.axes[-min(len(panels), COLUMNS) :]:
        axes.set_xlabel(f"value of a {found.of[:-1]} (steps of half a decade)", fontsize=8)
    figure.axes[0].set_ylabel("epoch")
    return figure


def _panel(axes: Axes, counts: np.ndarray, epochs: np.ndarray, span: tuple[int, int]) -> None:
    """The first epoch at the back, at the top."""
    bins = np.arange(counts.shape[1])
    shades = matplotlib.colormaps["viridis"](np.linspace(0.15, 0.85, len(epochs)))
    for back, (row, shade) in enumerate(zip(counts, shades, strict=True)):
        base = len(epochs) - 1 - back
        height = base + OVERLAP * row / max(1.0, float(row.max()))
        axes.fill_between(bins, base, height, step="mid", color=shade, alpha=0.8, linewidth=0, zorder=2 * back)
        axes.step(bins, height, where="mid", color=GROUND, linewidth=0.8, zorder=2 * back + 1)
    middle = len(MAGNITUDES)
    axes.axvline(middle, color=FAINT, linewidth=0.8, zorder=-1)
    axes.set_xlim(*span)
    axes.set_ylim(-0.2, len(epochs) + OVERLAP - 0.8)
    axes.set_yticks(range(len(epochs)), [str(epoch) for epoch in epochs[::-1]])
    ticks = _ticks(span)
    axes.set_xticks([place for place, _ in ticks], [label for _, label in ticks])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _ticks(span: tuple[int, int]) -> list[tuple[float, str]]:
    """Bin numbers and what stands there: at most every second power of ten on both sides of 0."""
    middle = len(MAGNITUDES)  # the bin of what counts as zero
    labelled: list[tuple[float, str]] = [(middle, "0")]
    step = 4 if span[1] - span[0] <= 28 else 8
    for place in range(2, middle + 1, step):
        size = f"10{str(round(np.log10(MAGNITUDES[place]))).translate(RAISED)}" if place < middle else ""
        if size:
            labelled += [(middle + place + 0.5, size), (middle - place - 0.5, f"−{size}")]
    return [(place, label) for place, label in labelled if span[0] <= place <= span[1]]


def _some(count: int, most: int) -> list[int]:
    """So many of them at most, the first and the last among them."""
    return [int(place) for place in np.unique(np.linspace(0, count - 1, min(count, most)).round())] if count else []


def _of(what: str, shown: int, there: int) -> str:
    return f"{shown} of {there} {what}" if shown < there else ""
