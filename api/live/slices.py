"""Epochs between two positions, read from the store in bounded slices."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from api.live.position import NOTHING, Reached
from core.records import Experiment
from core.store import ExperimentStore
from gradlab.measurement.history import Layout
from gradlab.measurement.kinds import GRADIENTS
from gradlab.measurement.rows import Rows
from gradlab.schemas.events import EpochsEvent, RunEpochsResponse, RunGradientsResponse
from gradlab.series.choice import DEFAULT_PARAMETER, choose_tensors

# Maximum number of values in one event, unless a single epoch of all runs has more. As text they take some 60 kB, about
# as much as the server buffers for a listener.
MAX_VALUES = 5_000


@dataclass(frozen=True)
class EpochReader:
    """Reads the epochs of one experiment as events.

    Attributes:
        experiment: the experiment.
        layout: the names along the axes of its series.
        store: the store that holds them.
    """

    experiment: Experiment
    layout: Layout
    store: ExperimentStore

    def slices(self, begin: Reached, end: Reached) -> Iterator[tuple[Reached, EpochsEvent]]:
        """Iterate over the slices between two positions, each with the position after it.

        The iteration ends early if fewer epochs are stored, as after a run is set back to its checkpoint.
        """
        reached = begin
        while next_slice := self.slice(reached, end):
            yield next_slice
            reached, _ = next_slice

    def slice(self, begin: Reached, end: Reached) -> tuple[Reached, EpochsEvent] | None:
        """Read the first slice between two positions; None if nothing is stored there."""
        lagging = [run for run, (now, last) in enumerate(zip(begin, end, strict=True)) if now < last]
        if not lagging:
            return None
        rows = max(1, MAX_VALUES // (len(lagging) * self._width))
        until = {run: min(end[run], max(begin[run], self._before_first) + rows) for run in lagging}
        after, event = self._read(begin, until)
        return None if after == begin else (after, event)

    @property
    def _before_first(self) -> int:
        """Last epoch that need not be stored: an external training may omit the state before its first update."""
        return self.experiment.spec.first_epoch if self.experiment.is_external else NOTHING

    @property
    def _width(self) -> int:
        layers = len(self.layout[GRADIENTS.name].tensors) if GRADIENTS.name in self.layout else 0
        return len(self.layout.metrics) + layers

    def _read(self, reached: Reached, until: dict[int, int]) -> tuple[Reached, EpochsEvent]:
        """Read the epochs after `reached` up to `until`; its keys are the indices of the runs."""
        seeds = {index: self.experiment.runs[index].seed for index in until}
        span = {"from_epoch": min(reached[index] for index in until) + 1, "to_epoch": max(until.values())}
        metrics = self.store.metrics(self.experiment.id, seeds=list(seeds.values()), **span)
        gradients = None
        if GRADIENTS.name in self.layout:
            gradients = self.store.series(self.experiment.id, GRADIENTS.name, seeds=list(seeds.values()), **span)
        after, runs = list(reached), []
        for index, seed in seeds.items():
            rows = _between(metrics[seed], reached[index], until[index])
            if not len(rows.epochs):
                continue
            after[index] = int(rows.epochs[-1])
            sizes = _between(gradients[seed], reached[index], after[index]) if gradients else None
            runs.append(self._run(seed, rows, sizes))
        return tuple(after), EpochsEvent(experiment_id=self.experiment.id, runs=runs)

    def _run(self, seed: int, metrics: Rows, gradients: Rows | None) -> RunEpochsResponse:
        columns = zip(self.layout.metrics, _shortest(metrics.values.T), strict=True)
        return RunEpochsResponse.model_construct(
            seed=seed,
            epochs=metrics.epochs.tolist(),
            metrics=dict(columns),
            gradients=self._gradients(gradients) if gradients else None,
        )

    def _gradients(self, rows: Rows) -> RunGradientsResponse:
        layout = self.layout[GRADIENTS.name]
        kernels = choose_tensors(layout, [], [DEFAULT_PARAMETER])
        sizes = rows.values[:, list(kernels), layout.columns.index(str(GRADIENTS.default))]  # (epochs, kernels)
        names = [layout.tensors[tensor].layer for tensor in kernels]
        return RunGradientsResponse.model_construct(
            epochs=rows.epochs.tolist(), layers=dict(zip(names, _shortest(sizes.T), strict=True))
        )


def _between(rows: Rows, after: int, until: int) -> Rows:
    """Select the rows with `after` < epoch ≤ `until`."""
    begin, end = np.searchsorted(rows.epochs, [after, until], side="right")
    return Rows(rows.epochs[begin:end], rows.values[begin:end])


def _shortest(values: np.ndarray) -> list[list[float | None]]:
    """Round to the digits that float32 needs, which halves the text."""
    rounded: list[list[float | None]] = values.astype(np.float32).astype(str).astype(float).tolist()
    return rounded
