"""Series that a sender sends, turned from nested lists into a history."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from core.records import Experiment
from gradlab.errors import Invalid, Problem, shorten
from gradlab.measurement.history import History, Layout, SeriesLayout
from gradlab.schemas.external import SeriesRequest
from gradlab.spec import ExternalSpec

# How numbers are written that JSON has none for. Null is NaN, too.
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
LARGEST = float(np.finfo(np.float32).max)
# Of a name that is in no spec, so many characters are shown.
MAX_NAME = 200
A_NUMBER = 'a number that float32 holds, null or "NaN", "Infinity", "-Infinity"'


def history_of(sent: SeriesRequest, experiment: Experiment, layout: Layout) -> History:
    """What was sent as a history with the experiment's layout.

    Raises:
        Conflict: the experiment is trained here.
        Invalid: a name is missing or unknown, a list has another length, a value is no number, an epoch lies behind
            the last one.
    """
    spec = experiment.sent_spec()
    epochs = max(map(len, sent.metrics.values()), default=0)
    if not epochs and (sent.metrics or sent.series):
        raise Invalid(Problem("metrics", "an epoch at least, or neither metrics nor series", "no epoch"))
    if not epochs:
        nothing = {each.kind: np.zeros((0, *each.shape), np.float32) for each in layout.series}
        return History(layout, sent.from_epoch, np.zeros((0, len(layout.metrics)), np.float32), nothing)
    _check_names("metrics", sent.metrics, layout.metrics)
    last = sent.from_epoch + epochs - 1
    _check_span(sent.from_epoch, last, spec)
    due = {each.kind: each for each in layout.series if len(each.recorded(sent.from_epoch, last))}
    _check_names("series", sent.series, tuple(due))
    columns = [_array(sent.metrics[name], (epochs,), f"metrics.{name}") for name in layout.metrics]
    series = {each.kind: np.zeros((0, *each.shape), np.float32) for each in layout.series}
    for kind, each in due.items():
        rows = len(each.recorded(sent.from_epoch, last))
        series[kind] = _series(sent.series[kind], rows, each)
    return History(layout, sent.from_epoch, np.stack(columns, axis=1), series)


def _series(sent: dict[str, Any] | list[Any], rows: int, layout: SeriesLayout) -> np.ndarray:
    """One kind's values as (rows, tensors, columns), whichever way its columns are sent."""
    field = f"series.{layout.kind}"
    if isinstance(sent, list):
        return _array(sent, (rows, *layout.shape), field)
    _check_names(field, sent, layout.columns)
    shape = rows, len(layout.tensors)
    return np.stack([_array(sent[name], shape, f"{field}.{name}") for name in layout.columns], axis=-1)


def _check_names(field: str, sent: Mapping[str, Any], known: tuple[str, ...]) -> None:
    problems = [
        Problem(f"{field}.{name}", "a value: it is in the spec", "nothing") for name in known if name not in sent
    ]
    there = f"only {', '.join(known)}" if known else "nothing: none is recorded in these epochs"
    problems += [Problem(f"{field}.{name[:MAX_NAME]}", there, shorten(name)) for name in sent if name not in known]
    if problems:
        raise Invalid(*problems)


def _check_span(first: int, last: int, spec: ExternalSpec) -> None:
    if last > spec.epochs:
        raise Invalid(Problem("metrics", f"epochs up to {spec.epochs}, the last one of the spec", f"up to {last}"))
    if first < spec.first_epoch:
        raise Invalid(Problem("from_epoch", f"an epoch from {spec.first_epoch} on", str(first)))


def _array(values: Any, shape: tuple[int, ...], field: str) -> np.ndarray:
    """Nested lists as float32 of just this shape."""
    flat: list[float] = []
    _flatten(values, shape, field, flat)
    return np.array(flat, np.float32).reshape(shape)


def _flatten(values: Any, shape: tuple[int, ...], field: str, flat: list[float]) -> None:
    if not isinstance(values, list) or len(values) != shape[0]:
        received = f"{len(values)}" if isinstance(values, list) else shorten(values)
        raise Invalid(Problem(field, f"a list of {shape[0]}", received))
    if len(shape) == 1:
        for place, each in enumerate(values):
            flat.append(each if type(each) is float and abs(each) <= LARGEST else _number(each, field, place))
        return
    for place, each in enumerate(values):
        _flatten(each, shape[1:], f"{field}[{place}]", flat)


def _number(value: Any, field: str, place: int) -> float:
    if value is None:
        return math.nan
    if isinstance(value, str) and value in WORDS:
        return WORDS[value]
    if isinstance(value, bool) or not isinstance(value, int | float) or LARGEST < abs(value) < math.inf:
        raise Invalid(Problem(f"{field}[{place}]", A_NUMBER, shorten(value)))
    return float(value)
