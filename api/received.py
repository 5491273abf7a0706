"""What a sender of a training elsewhere sends and is answered, typed; its nested lists turned into a history."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

import numpy as np
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from api.schemas import Answer
from core.errors import Invalid, Problem, shorten
from core.history import History, Layout, SeriesLayout
from core.spec import ExternalSpec
from core.store import Experiment

# How numbers are written that JSON has none for. Null is NaN, too.
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
LARGEST = float(np.finfo(np.float32).max)
# More than any spec names; of a name that none has, so many characters are shown.
MAX_NAMES, MAX_NAME = 100, 200
# Column -> recorded epoch × tensor; or, as versions before 0.2 sent it, recorded epoch × tensor × column.
ByName = Annotated[
    dict[str, Annotated[Any, WithJsonSchema({"type": "array", "items": {}})]],  # `_array` says what is wrong with it
    Field(max_length=MAX_NAMES, title="columns by name", description="for each column: recorded epoch × tensor"),
]
ByPosition = Annotated[
    list[Any],
    Field(
        title="columns by position",
        description="recorded epoch × tensor × column, the columns in the order of the experiment's; name them "
        "instead: the next version does not read this",
        json_schema_extra={"deprecated": True},
    ),
]


def _form(values: Any) -> str:
    return "by_position" if isinstance(values, list) else "by_name"


Columns = Annotated[Annotated[ByName, Tag("by_name")] | Annotated[ByPosition, Tag("by_position")], Discriminator(_form)]
A_NUMBER = 'a number that float32 holds, null or "NaN", "Infinity", "-Infinity"'


class SentSeries(BaseModel):
    """Consecutive epochs of one run. Numbers that are not finite are null, or "NaN", "Infinity", "-Infinity"."""

    model_config = ConfigDict(extra="forbid", strict=True)

    from_epoch: Annotated[int, Field(ge=0, le=10_000_000)]
    """The first of the epochs: one behind the last that was sent, or again what was sent before."""
    metrics: Annotated[dict[str, list[Any]], Field(max_length=MAX_NAMES)] = {}
    """For each metric of the spec its values, one for each epoch."""
    series: Annotated[dict[str, Columns], Field(max_length=MAX_NAMES)] = {}
    """For each kind that the spec records its values: for each of its columns, by name, recorded epoch × tensor."""


class SentEnd(BaseModel):
    """How a run has ended."""

    model_config = ConfigDict(extra="forbid", strict=True)

    status: Literal["completed", "failed"]
    """``completed``, also where it was stopped early or diverged; ``failed`` where it broke off."""
    error: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    """Why it failed."""

    def reason(self) -> str | None:
        """Why it failed; None where it did not. Raises Invalid where both are said."""
        if self.status == "completed":
            if self.error is not None:
                raise Invalid(Problem("error", "nothing: the run is completed", shorten(self.error)))
            return None
        return self.error or "its sender did not say why"


class ReceivedAnswer(Answer):
    """What is stored of a run now."""

    experiment_id: UUID
    seed: int
    epochs_done: int = Field(description="the last epoch that is stored; 0 where none is")
    next_epoch: int = Field(description="the epoch that comes next")

    @classmethod
    def of(cls, experiment: Experiment, seed: int) -> "ReceivedAnswer":
        """The answer about a run."""
        run = next(each for each in experiment.runs if each.seed == seed)
        begun = run.final_metrics is not None
        following = run.epochs_done + 1 if begun else experiment.spec.first_epoch + 1
        return cls(experiment_id=experiment.id, seed=seed, epochs_done=run.epochs_done, next_epoch=following)


def history_of(sent: SentSeries, experiment: Experiment, layout: Layout) -> History:
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
