"""Loss and accuracy over the epochs, on training and validation samples, in a band over the seeds."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from api.charts.ensemble import Ensemble
from api.charts.figure import BLUE, VERMILION, blank, legend, nothing, over_epochs
from api.charts.lines import line, mark_handles, scaled
from api.series.metrics import Metrics
from gradlab.measurement.statistics import Scale
from gradlab.vocabulary.metrics import METRICS

HEIGHT = 3.7
# What spans more than three decades says nothing on a linear axis.
MAX_LINEAR = 1e3
LOWEST_SCORE = -1.05  # r² has no floor, and below −1 it says no more
STYLES = ((BLUE, "-"), (VERMILION, "--"))
NORMS = ("gradient_norm", "clipped_gradient_norm")
RANGES = {each.kind: each.range for each in METRICS}


def draw(experiment: str, metrics: Metrics) -> Figure:
    """The loss, and beside it the first metric there is: the median over the seeds, and their range."""
    measured, chosen = ensemble(metrics), _chosen(metrics.names)
    title = " and ".join(name.replace("_", " ") for name in chosen).capitalize()
    figure = blank(title, _caption(experiment, measured), panels=len(chosen), height=HEIGHT)
    if measured.is_empty:
        return nothing(figure)
    for axes, name in zip(figure.axes, chosen, strict=True):
        both = [each for each in (name, f"val_{name}") if each in metrics.names]
        part = measured.only([metrics.names.index(each) for each in both])
        _panel(axes, part, ("training samples", "validation samples")[: len(both)], _scale(name, part))
        axes.set_ylabel(name)
        if name == "r2_score":
            axes.set_ylim(max(LOWEST_SCORE, axes.get_ylim()[0]), 1.03)
    return figure


def _chosen(names: tuple[str, ...]) -> list[str]:
    """What is measured on both kinds of samples; where nothing is, as may be of a training elsewhere, what there is."""
    both = [name for name in names if f"val_{name}" in names]
    return (both or [name for name in names if not name.startswith("val_") and name != "learning_rate"])[:2]


def draw_norms(experiment: str, metrics: Metrics) -> Figure:
    """The length of the whole gradient, before and after it was clipped."""
    measured = ensemble(metrics)
    part = measured.only([metrics.names.index(each) for each in NORMS])
    formula = "‖g‖₂ = length of the gradient of all weights, mean over the epoch's mini-batches"
    figure = blank("Length of the gradient", _caption(experiment, measured, formula), height=HEIGHT)
    if measured.is_empty:
        return nothing(figure)
    _panel(figure.axes[0], part, ("before clipping", "after clipping"), "log")
    figure.axes[0].set_ylabel("‖g‖₂ (loss per unit of weight)")
    return figure


def ensemble(metrics: Metrics) -> Ensemble:
    """A column for each metric."""
    arrays = metrics.arrays()
    return Ensemble(tuple(arrays["seeds"].tolist()), arrays["epochs"], arrays["values"], arrays["lengths"])


def _caption(experiment: str, measured: Ensemble, *more: str) -> tuple[str, ...]:
    return experiment, *more, f"{'median and range of ' if len(measured.seeds) > 1 else ''}{measured}"


def _scale(name: str, part: Ensemble) -> Scale:
    if RANGES.get(name, "").startswith("[0, 1]"):
        return "share"
    known = part.values[np.isfinite(part.values)]
    positive = known[known > 0]
    spread = float(positive.max() / positive.min()) if len(positive) == len(known) and len(known) else 1.0
    return "log" if spread > MAX_LINEAR else "linear"


def _panel(axes: Axes, part: Ensemble, labels: tuple[str, ...], scale: Scale) -> None:
    scaled(axes, scale, part)
    for column, (label, (colour, dash)) in enumerate(zip(labels, STYLES, strict=False)):
        line(axes, part, column, colour, label, scale, banded=True, dash=dash)
    over_epochs(axes, part.epochs)
    handles = [*axes.get_legend_handles_labels()[0], *mark_handles(part, scale, "NaN or infinite")]
    first = axes.figure.axes[0] is axes
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "ncols": 3, "columnspacing": 1.2}
    legend(axes, handles if first else handles[len(labels) :], **place)
