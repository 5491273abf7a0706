"""Requests for series that the page of a report sends, and how many epochs of each the report holds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gradlab.measurement.history import Layout, SeriesLayout
from gradlab.measurement.kinds import BOUNDARY, BY_NAME, STATISTIC_KINDS, TIME_SIGNALS, SeriesKind

# Bytes of all statistics, and of all histograms, of a report, before they are written as text. With the modules that
# draw, a report stays below 15 MB, which a browser opens in about a second.
MAX_STATISTICS_BYTES, MAX_HISTOGRAMS_BYTES = 6_000_000, 3_000_000
# Bytes of all decision boundaries: 20 epochs of 10 classes, and of five seeds half as many.
MAX_BOUNDARIES_BYTES = 1_000_000
# More points than a heat map has columns of pixels, and more histograms than one picture shows.
MAX_POINTS, MAX_HISTOGRAMS = 1000, 50
MIN_POINTS = 2  # the first and the last
# An archive of histograms has two kilobytes of headers: of more layers the report holds none.
MAX_HISTOGRAM_LAYERS = 200
NUMBER_BYTES = 4


@dataclass(frozen=True)
class SeriesRequest:
    """A request for series.

    Attributes:
        path: of its endpoint below the experiment's: ``gradients``.
        query: the query parameters that the page sends.
        max_points: maximum number of epochs in the answer.
        kind: the kind of series; None for metrics.
    """

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    max_points: int = MAX_POINTS
    kind: SeriesKind | None = None

    @property
    def is_default(self) -> bool:
        """True for metrics, and for a kind's default statistic."""
        return self.kind is None or (self.kind.default is not None and self.query["statistic"] == self.kind.default)


def series_requests(layout: Layout, runs: int) -> list[SeriesRequest]:
    """List the requests of a report's page.

    Args:
        layout: of the experiment's series.
        runs: number of the experiment's runs. The more numbers there are of an epoch, the fewer epochs are held.
    """
    return [
        SeriesRequest("history", max_points=_points(len(layout.metrics) * runs, MAX_STATISTICS_BYTES)),
        *_statistics(layout, runs),
        *_histograms(layout, runs),
        *(SeriesRequest(TIME_SIGNALS.path, kind=TIME_SIGNALS) for _ in range(TIME_SIGNALS.name in layout)),
    ]


def boundary_points(layout: Layout, runs: int) -> int:
    """Return the number of epochs at which a report holds the decision boundaries of all runs."""
    series = layout[BOUNDARY.name]
    return _points(len(series.tensors) * len(series.columns) * runs, MAX_BOUNDARIES_BYTES)


def _statistics(layout: Layout, runs: int) -> Iterator[SeriesRequest]:
    kinds = [kind for kind in STATISTIC_KINDS if kind.name in layout]
    numbers = sum(len(layout[kind.name].columns) * _shown(kind, layout[kind.name]) for kind in kinds)
    points = _points(numbers * runs, MAX_STATISTICS_BYTES)
    for kind in kinds:
        for statistic in layout[kind.name].columns:
            yield SeriesRequest(kind.path, {"statistic": statistic}, points, kind)


def _histograms(layout: Layout, runs: int) -> Iterator[SeriesRequest]:
    of_layers = [(series, _layers(series)) for series in layout.series if BY_NAME[series.kind].path == "histograms"]
    if any(len(layers) > MAX_HISTOGRAM_LAYERS for _, layers in of_layers):
        return
    numbers = sum(len(series.columns) * len(layers) for series, layers in of_layers)
    points = min(MAX_HISTOGRAMS, _points(numbers * runs, MAX_HISTOGRAMS_BYTES))
    for series, layers in of_layers:
        kind = BY_NAME[series.kind]
        for layer in layers:
            yield SeriesRequest(kind.path, {**kind.query, "layer": layer}, points, kind)


def _shown(kind: SeriesKind, series: SeriesLayout) -> int:
    """Return the number of tensors that a view shows: of parameters, about one of each layer."""
    return len(_layers(series)) if kind.has_parameters else len(series.tensors)


def _layers(series: SeriesLayout) -> list[str]:
    """Return the names of the layers, input side first."""
    return list(dict.fromkeys(tensor.layer for tensor in series.tensors))


def _points(numbers: int, max_bytes: int) -> int:
    """Return the number of epochs for which `numbers` of each fit into `max_bytes`."""
    return max(MIN_POINTS, min(MAX_POINTS, max_bytes // max(1, numbers * NUMBER_BYTES)))
