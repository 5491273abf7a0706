"""Chart of the decision boundary at some epochs: the network's outputs over the plane, and the samples."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from api.charts.figure import GROUND, INK, LINES, LOST, blank, nothing
from api.charts.scatter import style
from api.series.boundary import Boundary
from gradlab.vocabulary.datasets import Dataset

MAX_SEEDS, MAX_EPOCHS = 3, 4  # rows and columns of panels
MAX_SAMPLES = 300  # in each panel
MAX_NAMED, MAX_LINED = 10, 10  # classes in the legend; classes with lines between them
LEVELS = 12  # shades of the colour scale
MAX_RATIO = 3.0  # axes whose lengths differ by a larger factor have different scales


def draw(experiment: str, outputs: Boundary, data: Dataset | None) -> Figure:
    """Draw a row of panels for each of the first seeds, and in it a panel for each of some epochs.

    Args:
        experiment: name of the experiment.
        outputs: outputs of its networks.
        data: its samples; None for those of a training elsewhere, which are unknown.
    """
    arrays = outputs.arrays()
    seeds, epochs = arrays["seeds"][:MAX_SEEDS], arrays["epochs"]
    picked = np.unique(np.linspace(0, len(epochs) - 1, min(len(epochs), MAX_EPOCHS)).round().astype(int))
    shown = 0 if data is None else min(len(data.train_x), MAX_SAMPLES)
    caption = [
        f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}",
        f"of {len(arrays['seeds'])}" if len(seeds) < len(arrays["seeds"]) else "",
        f"{len(picked)} of {len(epochs)} recorded epochs" if len(picked) < len(epochs) else "",
        "no sample is shown" if data is None else f"{shown:,} of {len(data.train_x):,} training samples",
    ]
    seeds_shown = " ".join(filter(None, caption[:2]))
    rows = max(1, len(seeds))
    figure = blank(
        "Decision boundary: what the network answers", (experiment, _statistic(outputs), seeds_shown, *caption[2:]),
        panels=rows * max(1, len(picked)), rows=rows, height=1.4 + 1.9 * rows,
    )  # fmt: skip
    if not len(picked):
        return nothing(figure)
    values = arrays["values"][: len(seeds), picked]  # (seeds, picked, classes, y, x)
    colours = _Scale(outputs, values)
    for panel, axes in enumerate(figure.axes):
        run, column = divmod(panel, len(picked))
        epoch = picked[column]
        title = f"epoch {epochs[epoch]}" if len(seeds) == 1 else f"seed {seeds[run]}, epoch {epochs[epoch]}"
        axes.set_title(title, fontsize=9, color=INK)
        _frame(axes, outputs, left=column == 0, bottom=run == len(seeds) - 1)
        if epoch >= arrays["lengths"][run]:
            axes.text(0.5, 0.5, "ended before", ha="center", va="center", color=INK, transform=axes.transAxes)
            continue
        colours.fill(axes, values[run, column])
        if data is not None:
            _samples(axes, data, shown)
    handles = [Line2D([], [], **style(c), markersize=5, label=f"class {c}") for c in _classes(data)[:MAX_NAMED]]
    if handles:
        figure.legend(handles=handles, loc="outside upper right", ncols=5, fontsize=8, frameon=False)
    if colours.ramp:
        bar = figure.colorbar(colours.ramp, ax=figure.axes[: rows * len(picked)], pad=0.015, aspect=25, extend="both")
        bar.set_label("output for class 1", size=9)
        bar.ax.axhline(outputs.threshold or 0.0, color=INK, linewidth=1.4)
        bar.ax.tick_params(labelsize=8)
    return figure


def _statistic(outputs: Boundary) -> str:
    if outputs.threshold is None:
        return "the class of the largest output"
    return f"output for class 1 of {outputs.layer}, line at {outputs.threshold:g}"


class _Scale:
    """Colours of outputs: shades between two classes, or one colour for each of several classes."""

    def __init__(self, outputs: Boundary, values: np.ndarray) -> None:
        self._outputs = outputs
        self.ramp: ScalarMappable | None = None
        if outputs.threshold is None:
            return
        middle = outputs.threshold
        finite = values[np.isfinite(values)]
        reach = 0.5 if middle else float(np.abs(finite).max(initial=0.0)) or 1.0
        norm = Normalize(middle - reach, middle + reach)
        self.ramp = ScalarMappable(norm, LinearSegmentedColormap.from_list("two classes", _ends()))

    def fill(self, axes: Axes, values: np.ndarray) -> None:
        """Colour a panel by outputs, (classes, y, x). Points with an output that is not finite are hatched."""
        x, y, lost = self._outputs.x, self._outputs.y, ~np.isfinite(values).all(axis=0)
        if lost.any():
            axes.patch.set(facecolor=LOST, edgecolor=GROUND, hatch="xxx")
        if lost.all():
            return
        if self.ramp is None:
            winners = np.ma.masked_where(lost, np.argmax(np.where(lost, 0.0, values), axis=0))
            classes = len(self._outputs.classes)
            shades = ListedColormap([_pale(LINES[class_ % len(LINES)], 0.45) for class_ in range(classes)])
            axes.pcolormesh(
                x, y, winners, cmap=shades, vmin=-0.5, vmax=classes - 0.5, shading="nearest", rasterized=True
            )
            for margin in _margins(values) if classes <= MAX_LINED else ():
                _line(axes, x, y, np.ma.masked_where(lost, margin), 0.0)
            return
        output = np.ma.masked_where(lost, values[0])
        norm = self.ramp.norm
        levels = np.linspace(norm.vmin or 0.0, norm.vmax or 1.0, LEVELS + 1)
        axes.contourf(x, y, output, levels, cmap=self.ramp.cmap, norm=norm, extend="both")
        _line(axes, x, y, output, self._outputs.threshold or 0.0)


def _margins(values: np.ndarray) -> list[np.ndarray]:
    """Return, for each class, its output minus the largest output of the others: 0 at its boundary."""
    classes = range(len(values))
    return [values[one] - np.max(values[[other for other in classes if other != one]], axis=0) for one in classes]


def _line(axes: Axes, x: np.ndarray, y: np.ndarray, values: np.ma.MaskedArray, level: float) -> None:
    if float(values.min()) < level < float(values.max()):
        axes.contour(x, y, values, [level], colors=INK, linewidths=1.4)


def _frame(axes: Axes, outputs: Boundary, *, left: bool, bottom: bool) -> None:
    axes.set_xlim(outputs.x[0], outputs.x[-1])
    axes.set_ylim(outputs.y[0], outputs.y[-1])
    wide, tall = float(outputs.x[-1] - outputs.x[0]), float(outputs.y[-1] - outputs.y[0])
    if 1 / MAX_RATIO < wide / tall < MAX_RATIO:
        axes.set_aspect("equal", adjustable="box")
    axes.tick_params(labelsize=7, labelleft=left, labelbottom=bottom)
    if left:
        axes.set_ylabel("second input")
    if bottom:
        axes.set_xlabel("first input")


def _samples(axes: Axes, data: Dataset, shown: int) -> None:
    points, classes = data.train_x[:shown], data.train_y[:shown]
    for class_ in _classes(data):
        marker: dict[str, Any] = style(class_) | {"markeredgewidth": 0.4, "markeredgecolor": GROUND}
        axes.plot(*points[classes == class_].T, **marker, markersize=3.2, rasterized=True)


def _classes(data: Dataset | None) -> list[int]:
    return [] if data is None else [int(class_) for class_ in np.unique(data.train_y)]


def _ends() -> list[tuple[float, ...]]:
    return [_pale(LINES[0], 0.75), _pale(LINES[0], 0.3), to_rgb(GROUND), _pale(LINES[1], 0.3), _pale(LINES[1], 0.75)]


def _pale(colour: str, share: float) -> tuple[float, ...]:
    """Mix a colour with the background; `share` in [0, 1] is the colour's part."""
    return tuple(share * np.array(to_rgb(colour)) + (1 - share) * np.array(to_rgb(GROUND)))
