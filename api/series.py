"""Series as answers: chosen by name, cut to epochs, thinned if asked, written as JSON, CSV or NPZ."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from api.schemas import GradientsAnswer, HistoryAnswer, Nonfinite, RunHistory, RunSeries, Sampling, TensorSeries
from core.errors import Invalid, Problem, shorten
from core.history import Layout, first_nonfinite
from core.spec.problems import among
from core.store import Status

ALL = "all"
# What is answered unless something else is asked for, also for a network that has none.
DEFAULT_PARAMETER = "kernel"


@dataclass(frozen=True)
class Cut:
    """Which epochs of the stored ones are answered.

    Attributes:
        epochs: the common axis, counted from 1.
        sampling: what `max_points` left out; None if nothing.
    """

    epochs: np.ndarray
    sampling: Sampling | None

    def of(self, values: np.ndarray) -> np.ndarray:
        """The rows of a run's (epochs, ...) that lie on the common axis; fewer where the run is shorter."""
        rows: np.ndarray = values[self.epochs[self.epochs <= len(values)] - 1]
        return rows


def cut(runs: dict[int, np.ndarray], from_epoch: int, to_epoch: int | None, max_points: int | None) -> Cut:
    """The common axis of epochs for some runs, (epochs, ...) each.

    Raises:
        Invalid: the epochs asked for end before they begin.
    """
    if to_epoch is not None and to_epoch < from_epoch:
        raise Invalid(Problem("to_epoch", f"an epoch from from_epoch on, {from_epoch}", str(to_epoch)))
    longest = max((len(values) for values in runs.values()), default=0)
    epochs = np.arange(from_epoch, min(longest, to_epoch or longest) + 1)
    if max_points is None or len(epochs) <= max_points:
        return Cut(epochs, None)
    kept = np.unique(np.linspace(0, len(epochs) - 1, max_points).round().astype(int))
    return Cut(epochs[kept], Sampling(max_points=max_points, kept=len(kept), of=len(epochs)))


def choose(field: str, wanted: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The names that were asked for, in the order in which they are known; none asked for, or "all", means all.

    Raises:
        Invalid: one of them is unknown; the problem lists those that are.
    """
    if problems := [_unknown(field, name, known) for name in wanted if name not in (*known, ALL)]:
        raise Invalid(*problems)
    return tuple(known) if not wanted or ALL in wanted else tuple(name for name in known if name in wanted)


def choose_one(field: str, wanted: str, known: Sequence[str]) -> str:
    """The one name that was asked for.

    Raises:
        Invalid: it is unknown; the problem lists those that are.
    """
    if wanted not in known:
        raise Invalid(_unknown(field, wanted, known))
    return wanted


def _unknown(field: str, name: str, known: Sequence[str]) -> Problem:
    return Problem(field, among(known, name), shorten(name))


def choose_tensors(layout: Layout, layers: Sequence[str], parameters: Sequence[str]) -> tuple[int, ...]:
    """Where in the layout the tensors are that were asked for by layer and by parameter.

    Raises:
        Invalid: a layer or a parameter is unknown.
    """
    layer_names = choose("layer", layers, list(dict.fromkeys(tensor.layer for tensor in layout.tensors)))
    there = dict.fromkeys([DEFAULT_PARAMETER, *(tensor.parameter for tensor in layout.tensors)])
    parameter_names = choose("parameter", parameters, list(there))
    return tuple(
        i
        for i, tensor in enumerate(layout.tensors)
        if tensor.layer in layer_names and tensor.parameter in parameter_names
    )


@dataclass(frozen=True)
class Gradients:
    """One statistic of the chosen tensors: seed -> (epochs, chosen tensors) float32, all stored epochs."""

    layout: Layout
    statistic: str
    parameters: tuple[str, ...]
    chosen: tuple[int, ...]
    runs: dict[int, np.ndarray]
    cut: Cut

    def answer(self, experiment_id: UUID, status: Status) -> GradientsAnswer:
        """As JSON."""
        return GradientsAnswer(
            experiment_id=experiment_id,
            status=status,
            statistic=self.statistic,
            parameter=",".join(self.parameters),
            epochs=self.cut.epochs.tolist(),
            sampling=self.cut.sampling,
            layers=[
                TensorSeries(**vars(self.layout.tensors[tensor]), runs=[self._run(i, seed) for seed in self.runs])
                for i, tensor in enumerate(self.chosen)
            ],
        )

    def _run(self, column: int, seed: int) -> RunSeries:
        values = self.runs[seed][:, column]
        return RunSeries.model_construct(
            seed=seed, values=self.cut.of(values).tolist(), first_nonfinite=_nonfinite(values)
        )

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """As the rows of a tidy table, its head first."""
        yield ("seed", "epoch", "layer", "parameter", "statistic", "value")
        for seed, values in self.runs.items():
            for epoch, row in zip(self.cut.epochs, self.cut.of(values), strict=False):
                for tensor, value in zip(self.chosen, row, strict=True):
                    named = self.layout.tensors[tensor]
                    yield (seed, epoch, named.layer, named.parameter, self.statistic, value)

    def arrays(self) -> dict[str, np.ndarray]:
        """As named arrays; `values` (seeds, epochs, tensors) is NaN after a run's last epoch, see `lengths`."""
        tensors = [self.layout.tensors[i] for i in self.chosen]
        return {
            "layers": np.array([tensor.layer for tensor in tensors], dtype=np.str_),
            "parameters": np.array([tensor.parameter for tensor in tensors], dtype=np.str_),
            "statistic": np.array(self.statistic),
            **_stacked(self.cut, self.runs, len(tensors)),
        }


@dataclass(frozen=True)
class Metrics:
    """Loss and accuracy: seed -> (epochs, metrics) float32, all stored epochs."""

    layout: Layout
    runs: dict[int, np.ndarray]
    cut: Cut

    def answer(self, experiment_id: UUID, status: Status) -> HistoryAnswer:
        """As JSON."""
        return HistoryAnswer(
            experiment_id=experiment_id,
            status=status,
            epochs=self.cut.epochs.tolist(),
            sampling=self.cut.sampling,
            runs=[
                RunHistory.model_construct(
                    seed=seed,
                    metrics=dict(zip(self.layout.metrics, self.cut.of(values).T.tolist(), strict=True)),
                    first_nonfinite={
                        name: _nonfinite(column) for name, column in zip(self.layout.metrics, values.T, strict=True)
                    },
                )
                for seed, values in self.runs.items()
            ],
        )

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """As the rows of a tidy table, its head first."""
        yield ("seed", "epoch", "metric", "value")
        for seed, values in self.runs.items():
            for epoch, row in zip(self.cut.epochs, self.cut.of(values), strict=False):
                for name, value in zip(self.layout.metrics, row, strict=True):
                    yield (seed, epoch, name, value)

    def arrays(self) -> dict[str, np.ndarray]:
        """As named arrays; `values` (seeds, epochs, metrics) is NaN after a run's last epoch, see `lengths`."""
        names = np.array(self.layout.metrics, dtype=np.str_)
        return {"metrics": names, **_stacked(self.cut, self.runs, len(names))}


def to_csv(rows: Callable[[], Iterator[tuple[Any, ...]]]) -> str:
    """A table as text; NaN and infinities as `nan`, `inf` and `-inf`."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows())
    return text.getvalue()


def to_npz(arrays: dict[str, np.ndarray]) -> bytes:
    """Named arrays as an NPZ archive without pickles."""
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **arrays)  # float32 noise does not compress
    return archive.getvalue()


def _stacked(cut: Cut, runs: dict[int, np.ndarray], width: int) -> dict[str, np.ndarray]:
    values = np.full((len(runs), len(cut.epochs), width), np.nan, np.float32)
    lengths = np.zeros(len(runs), np.int64)
    for i, of_run in enumerate(runs.values()):
        kept = cut.of(of_run)
        values[i, : len(kept)] = kept
        lengths[i] = len(kept)
    seeds = np.array(list(runs), np.int64)
    return {"seeds": seeds, "epochs": cut.epochs.astype(np.int64), "lengths": lengths, "values": values}


def _nonfinite(values: np.ndarray) -> Nonfinite | None:
    found = first_nonfinite(values)
    return None if found is None else Nonfinite.model_validate({"epoch": found[0] + 1, "kind": found[1]})
