"""Shelf: the views of an experiment that are drawn, by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from api.charts import boundary, heat_map, history, lines, ridges, scatter, steps
from api.charts.layered import Layered
from api.series.boundary import Boundary, in_plane
from api.series.choice import DEFAULT_PARAMETER, choose_tensors, recorded
from api.series.epochs import Span, cut
from api.series.metrics import Metrics
from api.series.reading import Chosen
from api.series.vectors import Histograms, Steps
from gradlab.errors import NotFound
from gradlab.measurement.kinds import KINDS, STATISTIC_KINDS, SeriesKind
from gradlab.spec import ExternalSpec


@dataclass(frozen=True)
class Asked:
    """What a caller asks of a view; None and () leave it to the view.

    Attributes:
        chosen: the experiment, and which of its runs.
        from_epoch: the first epoch that is drawn; `to_epoch` the last.
        statistic: which statistic of a layer.
        layers: only those.
        parameters: only those tensors of them.
    """

    chosen: Chosen
    from_epoch: int | None = None
    to_epoch: int | None = None
    statistic: str | None = None
    layers: Sequence[str] = ()
    parameters: Sequence[str] = ()

    @property
    def name(self) -> str:
        """The experiment's."""
        return self.chosen.experiment.spec.name

    def span(self, first: int) -> Span:
        """The epochs, from `first` on unless asked otherwise."""
        return Span(first if self.from_epoch is None else self.from_epoch, self.to_epoch, None)


@dataclass(frozen=True)
class View:
    """One picture of an experiment.

    Attributes:
        name: how it is asked for.
        shows: what it shows, in a sentence.
        takes: the queries that it understands.
        kind: the series that it needs; "" for what every experiment has.
        draw: draws it. Raises NotFound where the experiment does not have what it shows, Invalid for a wrong name.
    """

    name: str
    shows: str
    takes: tuple[str, ...]
    kind: str
    draw: Callable[[Asked], Figure]


def _curves(asked: Asked) -> Figure:
    return history.draw(asked.name, _metrics(asked))


def _norms(asked: Asked) -> Figure:
    recorded(asked.chosen.experiment, asked.chosen.layout, "gradients")
    if not _has_norms(asked.chosen):
        raise NotFound("There are no lengths of the whole gradient in this experiment: they are not among its metrics.")
    return history.draw_norms(asked.name, _metrics(asked))


def _metrics(asked: Asked) -> Metrics:
    runs = asked.chosen.metrics()
    return Metrics(asked.chosen.layout.metrics, runs, cut(runs, asked.span(1)))


def _layered(kind: SeriesKind, draw: Callable[[Layered], Figure]) -> Callable[[Asked], Figure]:
    def of(asked: Asked) -> Figure:
        statistic = asked.statistic or kind.default or ""
        parameters = asked.parameters or ([DEFAULT_PARAMETER] if kind.has_parameters else [])
        span = asked.span(kind.since_epoch)
        found = asked.chosen.statistic(kind.name, statistic, asked.layers, parameters, span)
        return draw(Layered.of(asked.name, kind.name, found))

    return of


def _ridges(of: str, kind: str) -> Callable[[Asked], Figure]:
    def drawn(asked: Asked) -> Figure:
        layout, runs = asked.chosen.series(kind)
        tensors = choose_tensors(layout, asked.layers, asked.parameters or [DEFAULT_PARAMETER])
        return ridges.draw(asked.name, Histograms.chosen(of, layout, runs, asked.span(0), tensors))

    return drawn


def _steps(asked: Asked) -> Figure:
    layout, runs = asked.chosen.series("time_signals")
    return steps.draw(asked.name, Steps.chosen(layout, runs, asked.span(0), choose_tensors(layout, asked.layers, [])))


def _data(asked: Asked) -> Figure:
    dataset = in_plane(asked.chosen.experiment)
    return scatter.draw(asked.name, dataset.kind, dataset.load(), dataset.target)


def _boundary(asked: Asked) -> Figure:
    layout, runs = asked.chosen.series("boundary")
    spec = asked.chosen.experiment.own_spec("what its outputs mean")
    return boundary.draw(asked.name, Boundary.of(spec, layout, runs, asked.span(0)), spec.dataset.load())


RUNS = ("seed", "from_epoch", "to_epoch")
OF_WEIGHTS, OF_FLOWS = ("statistic", "layer", "parameter", *RUNS), ("statistic", "layer", *RUNS)


def _both(kind: SeriesKind) -> tuple[View, View]:
    """Lines and heat map of one kind of series."""
    name, takes = kind.name, OF_WEIGHTS if kind.has_parameters else OF_FLOWS
    as_lines, as_map = (_layered(kind, draw) for draw in (lines.draw, heat_map.draw))
    return (
        View(name, f"one statistic of each layer's {name}, a line for each", takes, name, as_lines),
        View(f"{name}-heatmap", f"one statistic of the {name}, layer × epoch in colours", takes, name, as_map),
    )


def _histograms(of: str, kind: str) -> View:
    shows = f"how the entries of the {of} are distributed, one epoch behind another"
    return View(kind.replace("_", "-"), shows, ("layer", "parameter", *RUNS), kind, _ridges(of, kind))


VIEWS: tuple[View, ...] = (
    View("history", "loss and the first metric, on training and validation samples", RUNS, "", _curves),
    View("gradient-norm", "the length of the whole gradient, before and after clipping", RUNS, "gradients", _norms),
    *(view for kind in STATISTIC_KINDS for view in _both(kind)),
    *(_histograms(kind.query["of"], kind.name) for kind in KINDS if kind.path == "histograms"),
    View("signal-steps", "the signal at each time step of recurrent layers", ("layer", *RUNS), "time_signals", _steps),
    View(
        "boundary", "what the network answers at every place of two inputs, at some epochs", RUNS, "boundary", _boundary
    ),
    View("data", "the samples of a dataset with two inputs", (), "", _data),
)


def view(name: str) -> View:
    """The view of that name. Raises NotFound; says which there are."""
    known: Mapping[str, View] = {each.name: each for each in VIEWS}
    if name not in known:
        raise NotFound(f"There is no chart {name!r}; there are {', '.join(known)}.")
    return known[name]


def drawable(chosen: Chosen) -> list[View]:
    """The views that an experiment has something for."""
    lacking = {
        name for name, there in (("data", _has_plane(chosen)), ("gradient-norm", _has_norms(chosen))) if not there
    }
    return [each for each in VIEWS if (not each.kind or each.kind in chosen.layout) and each.name not in lacking]


def _has_norms(chosen: Chosen) -> bool:
    return set(history.NORMS) <= set(chosen.layout.metrics)


def _has_plane(chosen: Chosen) -> bool:
    spec = chosen.experiment.spec
    return not isinstance(spec, ExternalSpec) and spec.dataset.in_plane
