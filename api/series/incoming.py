"""Conversion of the series of external trainings from nested lists into a history."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from core.records import SubmittedExperiment
from gradlab.errors import Invalid, Problem, shorten
from gradlab.measurement.history import History, Layout, SeriesLayout
from gradlab.measurement.kinds import BY_NAME
from gradlab.measurement.kinds.boundary import PLANE_POINTS
from gradlab.measurement.plane import Plane
from gradlab.schemas.external import BoundaryRequest, SeriesRequest
from gradlab.spec import ExternalSpec

# Text for numbers that JSON cannot express. Null is NaN, too.
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
MAX_FLOAT32 = float(np.finfo(np.float32).max)
# Characters shown of a name that is not in the spec.
MAX_NAME = 200
A_NUMBER = 'a number that float32 holds, null or "NaN", "Infinity", "-Infinity"'


def history_of(request: SeriesRequest, experiment: SubmittedExperiment, layout: Layout) -> History:
    """Convert a request into a history with the experiment's layout.

    Raises:
        Conflict: the experiment is not an external training.
        Invalid: a name is missing or unknown, a list has a wrong length, a value is not a number, or an epoch is
            beyond the spec's.
    """
    spec = experiment.sent_spec()
    epochs = max(map(len, request.metrics.values()), default=0)
    if not epochs and (request.metrics or request.series):
        raise Invalid(Problem("metrics", "an epoch at least, or neither metrics nor series", "no epoch"))
    if not epochs:
        return History(layout, request.from_epoch, np.zeros((0, len(layout.metrics)), np.float32), _empty(layout))
    _check_names("metrics", request.metrics, layout.metrics)
    last = request.from_epoch + epochs - 1
    _check_span(request.from_epoch, last, spec)
    due = {kind.kind: kind for kind in layout.series if len(kind.recorded(request.from_epoch, last))}
    _check_names("series", request.series, tuple(due))
    columns = [_array(request.metrics[name], (epochs,), f"metrics.{name}") for name in layout.metrics]
    series = _empty(layout)
    for name, kind in due.items():
        rows = len(kind.recorded(request.from_epoch, last))
        series[name] = _series(request.series[name], rows, kind)
    return History(layout, request.from_epoch, np.stack(columns, axis=1), series)


def plane_of(request: BoundaryRequest) -> Plane:
    """Convert a request into the outputs of a network over a plane.

    Raises:
        Invalid: a list has a wrong length, a value is not a number, or an axis does not rise.
    """
    x, y = (_array(getattr(request, name), (PLANE_POINTS,), name) for name in ("x", "y"))
    for name, axis in (("x", x), ("y", y)):
        if not (np.isfinite(axis).all() and (np.diff(axis) > 0).all()):
            raise Invalid(Problem(name, "finite numbers that rise", shorten(getattr(request, name))))
    shape = len(request.values), PLANE_POINTS, PLANE_POINTS
    return Plane(x, y, _array(request.values, shape, "values"))


def _empty(layout: Layout) -> dict[str, np.ndarray]:
    return {kind.kind: np.zeros((0, *kind.shape), np.float32) for kind in layout.series}


def _series(sent: dict[str, Any] | list[Any], rows: int, layout: SeriesLayout) -> np.ndarray:
    """Convert the values of one kind, with columns by name or by position, to (rows, tensors, columns)."""
    field, optional = f"series.{layout.kind}", BY_NAME[layout.kind].optional_columns
    tensors = len(layout.tensors)
    if isinstance(sent, list):
        return _by_position(sent, rows, layout, tuple(name for name in layout.columns if name not in optional))
    _check_names(field, sent, layout.columns, optional)
    unsent = np.full((rows, tensors), np.nan, np.float32)
    columns = (
        _array(sent[name], (rows, tensors), f"{field}.{name}") if name in sent else unsent for name in layout.columns
    )
    return np.stack(list(columns), axis=-1)


def _by_position(sent: list[Any], rows: int, layout: SeriesLayout, needed: tuple[str, ...]) -> np.ndarray:
    """Convert columns by position: all of them, or those that were there before others were added at the end."""
    first = sent[0][0] if sent and isinstance(sent[0], list) and sent[0] else None
    count = len(needed) if isinstance(first, list) and len(first) == len(needed) else len(layout.columns)
    values = np.full((rows, *layout.shape), np.nan, np.float32)
    values[:, :, :count] = _array(sent, (rows, len(layout.tensors), count), f"series.{layout.kind}")
    return values


def _check_names(
    field: str, sent: Mapping[str, Any], expected: tuple[str, ...], optional: tuple[str, ...] = ()
) -> None:
    problems = [
        Problem(f"{field}.{name}", "a value: it is in the spec", "nothing")
        for name in expected
        if name not in sent and name not in optional
    ]
    names = f"only {', '.join(expected)}" if expected else "nothing: none is recorded in these epochs"
    problems += [Problem(f"{field}.{name[:MAX_NAME]}", names, shorten(name)) for name in sent if name not in expected]
    if problems:
        raise Invalid(*problems)


def _check_span(first: int, last: int, spec: ExternalSpec) -> None:
    if last > spec.epochs:
        raise Invalid(Problem("metrics", f"epochs up to {spec.epochs}, the last one of the spec", f"up to {last}"))
    if first < spec.first_epoch:
        raise Invalid(Problem("from_epoch", f"an epoch from {spec.first_epoch} on", str(first)))


def _array(values: Any, shape: tuple[int, ...], field: str) -> np.ndarray:
    """Convert nested lists of exactly this shape to float32."""
    flat: list[float] = []
    _flatten(values, shape, field, flat)
    return np.array(flat, np.float32).reshape(shape)


def _flatten(values: Any, shape: tuple[int, ...], field: str, flat: list[float]) -> None:
    if not isinstance(values, list) or len(values) != shape[0]:
        received = f"{len(values)}" if isinstance(values, list) else shorten(values)
        raise Invalid(Problem(field, f"a list of {shape[0]}", received))
    if len(shape) == 1:
        for index, value in enumerate(values):
            flat.append(value if type(value) is float and abs(value) <= MAX_FLOAT32 else _number(value, field, index))
        return
    for index, value in enumerate(values):
        _flatten(value, shape[1:], f"{field}[{index}]", flat)


def _number(value: Any, field: str, index: int) -> float:
    if value is None:
        return math.nan
    if isinstance(value, str) and value in WORDS:
        return WORDS[value]
    if isinstance(value, bool) or not isinstance(value, int | float) or MAX_FLOAT32 < abs(value) < math.inf:
        raise Invalid(Problem(f"{field}[{index}]", A_NUMBER, shorten(value)))
    return float(value)
