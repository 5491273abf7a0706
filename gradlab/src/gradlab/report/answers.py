"""Answers to the requests for series, from histories in this process."""

from collections.abc import Mapping

import numpy as np

from gradlab.measurement.history import History, Layout
from gradlab.measurement.kinds import TIME_SIGNALS, SeriesKind
from gradlab.measurement.rows import Rows
from gradlab.report.requests import SeriesRequest
from gradlab.series.choice import DEFAULT_PARAMETER, choose_tensors
from gradlab.series.epochs import Span, cut
from gradlab.series.metrics import Metrics
from gradlab.series.statistics import TensorStatistic
from gradlab.series.vectors import Histograms, Steps


def arrays_of(request: SeriesRequest, layout: Layout, histories: Mapping[int, History]) -> dict[str, np.ndarray]:
    """Build the named arrays that the service would answer.

    Args:
        request: one of `series_requests`.
        layout: of the histories.
        histories: seed -> history, as far as it is recorded.
    """
    kind = request.kind
    if kind is None:
        span = Span(1, None, request.max_points)
        rows = {seed: _rows(history.first_epoch, history.metrics) for seed, history in histories.items()}
        return Metrics(layout.metrics, rows, cut(rows, span)).arrays()
    span = Span(kind.since_epoch, None, request.max_points)
    rows = {
        seed: Rows(np.asarray(history.epochs_of(kind.name), np.int64), history.series[kind.name])
        for seed, history in histories.items()
    }
    return _series(request, kind, layout, rows, span)


def _series(
    request: SeriesRequest, kind: SeriesKind, layout: Layout, rows: dict[int, Rows], span: Span
) -> dict[str, np.ndarray]:
    series = layout[kind.name]
    layers = [request.query["layer"]] if "layer" in request.query else []
    parameters = [DEFAULT_PARAMETER] if kind.has_parameters else []
    chosen = choose_tensors(series, layers, parameters)
    if kind is TIME_SIGNALS:
        return Steps.of_tensors(series, rows, span, chosen).arrays()
    if kind.shown_as == "vector":
        return Histograms.of_tensors(request.query["of"], series, rows, span, chosen).arrays()
    name = request.query["statistic"]
    return TensorStatistic.of(series, rows, span, statistic=name, parameters=parameters, chosen=chosen).arrays()


def _rows(first_epoch: int, values: np.ndarray) -> Rows:
    return Rows(np.arange(first_epoch, first_epoch + len(values), dtype=np.int64), values)
