"""Registry of the charts of an experiment, by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.figure import Figure

from api.charts import boundary, heat_map, history, lines, ridges, scatter, steps
from api.charts.layered import Layered
from api.series.boundary import in_plane
from api.series.reading import SeriesReader, recorded
from gradlab.errors import NotFound
from gradlab.facts.measurement import Load, drawn
from gradlab.measurement.kinds import KINDS, STATISTIC_KINDS, SeriesKind
from gradlab.series.choice import DEFAULT_PARAMETER, choose_tensors
from gradlab.series.epochs import Span, cut
from gradlab.series.metrics import Metrics
from gradlab.series.statistics import TensorStatistic
from gradlab.series.vectors import Histograms, Steps
from gradlab.spec import ExternalSpec

Draw = Callable[[], Figure]


@dataclass(frozen=True)
class ChartQuery:
    """Query of one chart; None and () stand for the chart's own defaults.

    Attributes:
        reader: reads the series of the experiment's selected runs.
        load: loads the samples of a dataset.
        from_epoch: first epoch drawn.
        to_epoch: last epoch drawn.
        statistic: name of the statistic.
        layers: names of the layers drawn.
        parameters: names of the parameters drawn.
    """

    reader: SeriesReader
    load: Load = drawn
    from_epoch: int | None = None
    to_epoch: int | None = None
    statistic: str | None = None
    layers: Sequence[str] = ()
    parameters: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Name of the experiment."""
        return self.reader.experiment.spec.name

    def span(self, first: int) -> Span:
        """Return the span of epochs; it begins with `first` unless the query has a `from_epoch`."""
        return Span(first if self.from_epoch is None else self.from_epoch, self.to_epoch, None)


@dataclass(frozen=True)
class View:
    """One chart of an experiment.

    Attributes:
        name: the name in its address.
        shows: a description, in a sentence.
        takes: names of the query parameters that it accepts.
        kind: the kind of series that it needs; "" for series that every experiment has.
        read: reads the series. Returns the function that draws them. Call it once the transaction has ended.
            Raises NotFound if the experiment does not record the series, Invalid for an unknown name.
    """

    name: str
    shows: str
    takes: tuple[str, ...]
    kind: str
    read: Callable[[ChartQuery], Draw]


def _curves(query: ChartQuery) -> Draw:
    return partial(history.draw, query.name, _metrics(query))


def _norms(query: ChartQuery) -> Draw:
    recorded(query.reader.experiment, query.reader.layout, "gradients")
    if not _has_norms(query.reader):
        raise NotFound("There are no lengths of the whole gradient in this experiment: they are not among its metrics.")
    return partial(history.draw_norms, query.name, _metrics(query))


def _metrics(query: ChartQuery) -> Metrics:
    runs = query.reader.metrics()
    return Metrics(query.reader.layout.metrics, runs, cut(runs, query.span(1)))


def _layered(kind: SeriesKind, draw: Callable[[Layered], Figure]) -> Callable[[ChartQuery], Draw]:
    def of(query: ChartQuery) -> Draw:
        statistic = query.statistic or kind.default or ""
        parameters = query.parameters or ([DEFAULT_PARAMETER] if kind.has_parameters else [])
        layout, runs = query.reader.series(kind.name)
        span = query.span(kind.since_epoch)
        series = TensorStatistic.of_names(layout, runs, span, statistic, layers=query.layers, parameters=parameters)
        return partial(draw, Layered.of(query.name, kind.name, series))

    return of


def _ridges(of: str, kind: str) -> Callable[[ChartQuery], Draw]:
    def read(query: ChartQuery) -> Draw:
        layout, runs = query.reader.series(kind)
        tensors = choose_tensors(layout, query.layers, query.parameters or [DEFAULT_PARAMETER])
        return partial(ridges.draw, query.name, Histograms.of_tensors(of, layout, runs, query.span(0), tensors))

    return read


def _steps(query: ChartQuery) -> Draw:
    layout, runs = query.reader.series("time_signals")
    tensors = choose_tensors(layout, query.layers, [])
    return partial(steps.draw, query.name, Steps.of_tensors(layout, runs, query.span(0), tensors))


def _data(query: ChartQuery) -> Draw:
    dataset = in_plane(query.reader.experiment)
    return lambda: scatter.draw(query.name, dataset.kind, query.load(dataset), dataset.target)


def _boundary(query: ChartQuery) -> Draw:
    spec, build = query.reader.experiment.spec, query.reader.boundary(query.span(0))

    def draw() -> Figure:
        samples = None if isinstance(spec, ExternalSpec) else query.load(spec.dataset)
        return boundary.draw(query.name, build(query.load), samples)

    return draw


RUNS = ("seed", "from_epoch", "to_epoch")
OF_WEIGHTS, OF_FLOWS = ("statistic", "layer", "parameter", *RUNS), ("statistic", "layer", *RUNS)


def _both(kind: SeriesKind) -> tuple[View, View]:
    """Build the views of one kind of series: lines and heat map."""
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


def view_named(name: str) -> View:
    """Return the view of that name.

    Raises:
        NotFound: there is none; the message lists the names.
    """
    views: Mapping[str, View] = {view.name: view for view in VIEWS}
    if name not in views:
        raise NotFound(f"There is no chart {name!r}; there are {', '.join(views)}.")
    return views[name]


def drawable(reader: SeriesReader) -> list[View]:
    """Return the views whose series the experiment records."""
    conditions = {"data": _has_plane(reader), "gradient-norm": _has_norms(reader)}
    kinds = {"", *(each.kind for each in reader.layout.series)}
    if reader.has_sent_boundary:
        kinds.add("boundary")
    return [view for view in VIEWS if view.kind in kinds and conditions.get(view.name, True)]


def _has_norms(reader: SeriesReader) -> bool:
    return set(history.NORMS) <= set(reader.layout.metrics)


def _has_plane(reader: SeriesReader) -> bool:
    spec = reader.experiment.spec
    return not isinstance(spec, ExternalSpec) and spec.dataset.in_plane
