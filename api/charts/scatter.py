"""The samples of a dataset with two inputs: what there is to be learnt."""

from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from api.charts.figure import LINES, blank, legend
from gradlab.vocabulary.datasets import Dataset
from gradlab.vocabulary.targets import Target

MARKERS = ("o", "^", "s", "D", "v", "P", "X")
MAX_SAMPLES = 2_000  # more hide one another
MAX_NAMED = 16


def draw(experiment: str, dataset: str, data: Dataset, target: Target) -> Figure:
    """The training samples at their two inputs, by class or by value; the validation samples fainter.

    Args:
        experiment: its name.
        dataset: its kind.
        data: its samples; inputs of two numbers.
        target: what their answers are.
    """
    train, val = (min(len(x), MAX_SAMPLES) for x in (data.train_x, data.val_x))
    told = f"{train:,} of {len(data.train_x):,} training samples, {val:,} of {len(data.val_x):,} validation samples"
    figure = blank(f"The data: {dataset}", (experiment, told), height=4.6)
    axes = figure.axes[0]
    for x, y, alpha in ((data.val_x[:val], data.val_y[:val], 0.25), (data.train_x[:train], data.train_y[:train], 0.9)):
        points, answers = x.reshape(len(x), -1), y.reshape(len(y), -1)[:, 0]
        if target.kind != "values":
            for place in range(_classes(target)):
                of_class = points[answers == place]
                axes.plot(*of_class.T, **style(place), markersize=3.5, alpha=alpha, rasterized=True)
        else:
            drawn = axes.scatter(points[:, 0], points[:, 1], c=answers, s=10, alpha=alpha, linewidth=0, rasterized=True)
            drawn.set_clim(float(data.train_y.min()), float(data.train_y.max()))
    axes.set_xlabel("first input")
    axes.set_ylabel("second input")
    axes.set_aspect("equal", adjustable="datalim")
    if target.kind == "values":
        shades = matplotlib.cm.ScalarMappable(drawn.norm, drawn.cmap)
        figure.colorbar(shades, ax=axes, pad=0.015, aspect=25).set_label("value to be predicted", size=9)
        return figure
    word = "class" if target.kind == "classes" else "first label"
    named = range(min(_classes(target), MAX_NAMED))
    legend(axes, [Line2D([], [], **style(place), markersize=5, label=f"{word} {place}") for place in named])
    return figure


def style(place: int) -> dict[str, Any]:
    """Colour and shape of a class: no two of the first 49 have both in common."""
    marker = MARKERS[(place + place // len(LINES)) % len(MARKERS)]
    return {"marker": marker, "color": LINES[place % len(LINES)], "linestyle": "", "markeredgewidth": 0}


def _classes(target: Target) -> int:
    return target.count if target.kind == "classes" else 2
