"""Pictures of the examples: the service's charts, drawn from a training in this process."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure

from api.charts import heat_map, history, lines, ridges, steps
from api.charts.layered import Layered
from bench.atlas.example import TrainedExample
from gradlab.measurement.rows import Rows
from gradlab.series.epochs import Span, cut
from gradlab.series.metrics import Metrics
from gradlab.series.statistics import TensorStatistic
from gradlab.series.vectors import Histograms, Steps

Picture = Callable[[TrainedExample], Figure]


def as_heat_map(kind: str, statistic: str, *, from_epoch: int = 0) -> Picture:
    """Draw layer × epoch as colours."""
    return lambda trained: heat_map.draw(_layered(trained, kind, statistic, from_epoch))


def as_lines(
    kind: str, statistic: str, *, rule: str = "", layers: Sequence[str] = (), from_epoch: int = 0
) -> Picture:  # fmt: skip
    """Draw a line for each layer, or for some of them, and the threshold of a rule if one is given."""

    def draw(trained: TrainedExample) -> Figure:
        figure = lines.draw(_layered(trained, kind, statistic, from_epoch, layers))
        return _with_threshold(figure, trained, rule) if rule else figure

    return draw


def as_curves(trained: TrainedExample) -> Figure:
    """Draw loss and accuracy, from epoch 0 on."""
    return history.draw(trained.spec.name, _metrics(trained, 0))


def as_norms(trained: TrainedExample) -> Figure:
    """Draw the norm of the whole gradient."""
    return history.draw_norms(trained.spec.name, _metrics(trained, 1))


def of_seeds_with(rule: str, picture: Picture) -> Picture:
    """Draw a picture from only the seeds with a finding of a rule."""

    def draw(trained: TrainedExample) -> Figure:
        finding = trained.finding(rule)
        seeds = finding.seeds if finding else trained.spec.seeds
        return picture(TrainedExample(trained.spec, tuple(run for run in trained.runs if run.seed in seeds)))

    return draw


def as_ridges(of: str, *layers: str) -> Picture:
    """Draw the distributions of the entries of some kernels."""

    def draw(trained: TrainedExample) -> Figure:
        kind = f"{of[:-1]}_histograms"
        layout = trained.spec.layout[kind]
        chosen = [i for i, t in enumerate(layout.tensors) if t.layer in layers and t.parameter == "kernel"]
        runs = _rows(trained, kind)
        return ridges.draw(trained.spec.name, Histograms.of_tensors(of, layout, runs, Span(0, None, None), chosen))

    return draw


def as_steps(trained: TrainedExample) -> Figure:
    """Draw the signal at each time step of the recurrent layers."""
    layout, runs = trained.spec.layout["time_signals"], _rows(trained, "time_signals")
    chosen = range(len(layout.tensors))
    return steps.draw(trained.spec.name, Steps.of_tensors(layout, runs, Span(0, None, None), chosen))


def _layered(
    trained: TrainedExample, kind: str, statistic: str, from_epoch: int, layers: Sequence[str] = ()
) -> Layered:  # fmt: skip
    layout = trained.spec.layout[kind]
    weights = kind in ("gradients", "weights")
    chosen = [
        i
        for i, tensor in enumerate(layout.tensors)
        if (not weights or tensor.parameter.endswith("kernel")) and (not layers or tensor.layer in layers)
    ]
    parameters = ["kernel"] if weights else []
    span, runs = Span(from_epoch, None, None), _rows(trained, kind)
    series = TensorStatistic.of(layout, runs, span, statistic=statistic, parameters=parameters, chosen=chosen)
    return Layered.of(trained.spec.name, kind, series)


def _metrics(trained: TrainedExample, from_epoch: int) -> Metrics:
    runs = {run.seed: Rows(run.epochs, run.history.metrics) for run in trained.runs}
    return Metrics(trained.spec.layout.metrics, runs, cut(runs, Span(from_epoch, None, None)))


def _rows(trained: TrainedExample, kind: str) -> dict[int, Rows]:
    """Return the recorded series of one kind: seed -> rows."""
    return {
        run.seed: Rows(np.array(run.history.epochs_of(kind), np.int64), run.history.series[kind])
        for run in trained.runs
    }


def _with_threshold(figure: Figure, trained: TrainedExample, rule: str) -> Figure:
    finding = trained.finding(rule)
    if finding is None or finding.measures[0].threshold is None:
        return figure
    axes, bound = figure.axes[0], finding.measures[0].threshold
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, bound / 2), max(high, bound))
    axes.axhline(bound, color="#555555", linestyle=":", linewidth=1.2, zorder=1)
    axes.annotate(
        "threshold", (1.0, bound), xycoords=("axes fraction", "data"), xytext=(-3, 3), textcoords="offset points",
        ha="right", fontsize=8, color="#555555",
    )  # fmt: skip
    return figure
