"""Chart of the samples of a dataset with two inputs."""

from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from api.charts.figure import LINES, blank, legend
from gradlab.vocabulary.datasets import Dataset
from gradlab.vocabulary.targets import Target

MARKERS = ("o", "^", "s", "D", "v", "P", "X")
MAX_SAMPLES = 2_000  # more would cover one another
MAX_NAMED = 16


def draw(experiment: str, dataset: str, data: Dataset, target: Target) -> Figure:
    """Draw the training samples at their two inputs, by class or by value; validation samples are fainter.

    Args:
        experiment: name of the experiment.
        dataset: kind of the dataset.
        data: the samples; inputs are two numbers.
        target: the kind of their targets.
    """
    train, val = (min(len(x), MAX_SAMPLES) for x in (data.train_x, data.val_x))
    caption = f"{train:,} of {len(data.train_x):,} training samples, {val:,} of {len(data.val_x):,} validation samples"
    figure = blank(f"The data: {dataset}", (experiment, caption), height=4.6)
    axes = figure.axes[0]
    for x, y, alpha in ((data.val_x[:val], data.val_y[:val], 0.25), (data.train_x[:train], data.train_y[:train], 0.9)):
        points, targets = x.reshape(len(x), -1), y.reshape(len(y), -1)[:, 0]
        if target.kind != "values":
            for class_ in range(_classes(target)):
                of_class = points[targets == class_]
                axes.plot(*of_class.T, **style(class_), markersize=3.5, alpha=alpha, rasterized=True)
        else:
            drawn = axes.scatter(points[:, 0], points[:, 1], c=targets, s=10, alpha=alpha, linewidth=0, rasterized=True)
            drawn.set_clim(float(data.train_y.min()), float(data.train_y.max()))
    axes.set_xlabel("first input")
    axes.set_ylabel("second input")
    axes.set_aspect("equal", adjustable="datalim")
    if target.kind == "values":
        shades = matplotlib.cm.ScalarMappable(drawn.norm, drawn.cmap)
        figure.colorbar(shades, ax=axes, pad=0.015, aspect=25).set_label("value to be predicted", size=9)
        return figure
    noun = "class" if target.kind == "classes" else "first label"
    classes = range(min(_classes(target), MAX_NAMED))
    legend(axes, [Line2D([], [], **style(class_), markersize=5, label=f"{noun} {class_}") for class_ in classes])
    return figure


def style(class_: int) -> dict[str, Any]:
    """Return marker and colour of a class. The first 49 classes differ in one of them."""
    marker = MARKERS[(class_ + class_ // len(LINES)) % len(MARKERS)]
    return {"marker": marker, "color": LINES[class_ % len(LINES)], "linestyle": "", "markeredgewidth": 0}


def _classes(target: Target) -> int:
    return target.count if target.kind == "classes" else 2
