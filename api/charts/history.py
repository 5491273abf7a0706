"""Chart of loss and metrics over the epochs, on training and validation samples, with bands over the seeds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from api.charts.ensemble import Ensemble
from api.charts.figure import BLUE, VERMILION, blank, legend, nothing, over_epochs
from api.charts.lines import line, mark_handles, scaled
from gradlab.measurement.statistics import Scale
from gradlab.series.metrics import Metrics
from gradlab.series.outputs import metrics_of, outputs_of
from gradlab.vocabulary.metrics import METRICS

HEIGHT = 3.7
# Outputs of a network that are drawn, each in a row of panels.
MAX_OUTPUTS = 6
# A range of more than three decades is unreadable on a linear axis.
MAX_LINEAR_RATIO = 1e3
MIN_R2_SHOWN = -1.05  # R² is unbounded below; values below −1 are cut off
STYLES = ((BLUE, "-"), (VERMILION, "--"))
NORMS = ("gradient_norm", "clipped_gradient_norm")
RANGES = {metric.kind: metric.range for metric in METRICS}


def draw(experiment: str, metrics: Metrics) -> Figure:
    """Draw the loss and the first metric, of several outputs those of each: median and range over the seeds."""
    outputs = outputs_of(metrics.names)[:MAX_OUTPUTS]
    measured, rows = ensemble(metrics), max(1, len(outputs))
    chosen = _of_outputs(metrics.names, outputs) if outputs else {name: name for name in _drawn_names(metrics.names)}
    title = " and ".join(name.replace("_", " ") for name in chosen).capitalize()
    title = f"Loss and first metric of {', '.join(outputs)}" if outputs else title
    figure = blank(title, _caption(experiment, measured), panels=len(chosen), rows=rows, height=HEIGHT * rows)
    if measured.is_empty:
        return nothing(figure)
    for axes, (name, kind) in zip(figure.axes, chosen.items(), strict=True):
        both = [column for column in (name, f"val_{name}") if column in metrics.names]
        part = measured.only([metrics.names.index(column) for column in both])
        _panel(axes, part, ("training samples", "validation samples")[: len(both)], _scale(kind, part))
        axes.set_ylabel(name)
        if kind == "r2_score":
            axes.set_ylim(max(MIN_R2_SHOWN, axes.get_ylim()[0]), 1.03)
    return figure


def _of_outputs(names: tuple[str, ...], outputs: Sequence[str]) -> dict[str, str]:
    """Return the loss and the first further metric of each output: the name, and the kind of metric that it is."""
    chosen: dict[str, str] = {}
    for output in outputs:
        own = {kind: name for kind, name in metrics_of(names, output).items() if not kind.startswith("val_")}
        chosen |= {name: kind for kind, name in list(own.items())[:2]}
    return chosen


def _drawn_names(names: tuple[str, ...]) -> list[str]:
    """Return the first two metrics with training and validation values; if none has both, the first two others."""
    both = [name for name in names if f"val_{name}" in names]
    return (both or [name for name in names if not name.startswith("val_") and name != "learning_rate"])[:2]


def draw_norms(experiment: str, metrics: Metrics) -> Figure:
    """Draw the norm of the whole gradient, before and after clipping."""
    measured = ensemble(metrics)
    part = measured.only([metrics.names.index(name) for name in NORMS])
    formula = "‖g‖₂ = length of the gradient of all weights, mean over the epoch's mini-batches"
    figure = blank("Length of the gradient", _caption(experiment, measured, formula), height=HEIGHT)
    if measured.is_empty:
        return nothing(figure)
    _panel(figure.axes[0], part, ("before clipping", "after clipping"), "log")
    figure.axes[0].set_ylabel("‖g‖₂ (loss per unit of weight)")
    return figure


def ensemble(metrics: Metrics) -> Ensemble:
    """Arrange the metrics as an ensemble with a column for each metric."""
    arrays = metrics.arrays()
    return Ensemble(tuple(arrays["seeds"].tolist()), arrays["epochs"], arrays["values"], arrays["lengths"])


def _caption(experiment: str, measured: Ensemble, *more: str) -> tuple[str, ...]:
    return experiment, *more, f"{'median and range of ' if len(measured.seeds) > 1 else ''}{measured}"


def _scale(name: str, part: Ensemble) -> Scale:
    if RANGES.get(name, "").startswith("[0, 1]"):
        return "share"
    finite = part.values[np.isfinite(part.values)]
    positive = finite[finite > 0]
    ratio = float(positive.max() / positive.min()) if len(positive) == len(finite) and len(finite) else 1.0
    return "log" if ratio > MAX_LINEAR_RATIO else "linear"


def _panel(axes: Axes, part: Ensemble, labels: tuple[str, ...], scale: Scale) -> None:
    scaled(axes, scale, part)
    for column, (label, (colour, dash)) in enumerate(zip(labels, STYLES, strict=False)):
        line(axes, part, column, colour, label, scale, banded=True, dash=dash)
    over_epochs(axes, part.epochs)
    handles = [*axes.get_legend_handles_labels()[0], *mark_handles(part, scale, "NaN or infinite")]
    is_first = axes.figure.axes[0] is axes
    position: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "ncols": 3, "columnspacing": 1.2}
    legend(axes, handles if is_first else handles[len(labels) :], **position)
