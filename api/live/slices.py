"""Epochs between two positions, read from the store a bounded slice at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from api.live.position import NOTHING, Reached
from api.series.choice import DEFAULT_PARAMETER, choose_tensors
from core.records import Experiment, Rows
from core.store import ExperimentStore
from gradlab.measurement.history import Layout
from gradlab.measurement.kinds import GRADIENTS
from gradlab.schemas.events import EpochsEvent, RunEpochsResponse, RunGradientsResponse

# One event holds so many numbers at most, unless a single epoch of all runs has more: some 60 kB as text, about what is
# kept for a listener before the next event has to wait.
MAX_VALUES = 5_000


@dataclass(frozen=True)
class EpochReader:
    """Reads what is told of one experiment's epochs.

    Attributes:
        experiment: which.
        layout: the names along the axes of its series.
        store: where they are kept.
    """

    experiment: Experiment
    layout: Layout
    store: ExperimentStore

    def slices(self, begin: Reached, end: Reached) -> Iterator[tuple[Reached, EpochsEvent]]:
        """What lies between two positions, each slice with the position after it.

        It ends early where less is stored: a run that is set back to its checkpoint will be stored again.
        """
        reached = begin
        while found := self.slice(reached, end):
            yield found
            reached, _ = found

    def slice(self, begin: Reached, end: Reached) -> tuple[Reached, EpochsEvent] | None:
        """The first of the slices between two positions; None where nothing is stored there."""
        lagging = [place for place, (now, last) in enumerate(zip(begin, end, strict=True)) if now < last]
        if not lagging:
            return None
        rows = max(1, MAX_VALUES // (len(lagging) * self._width))
        until = {place: min(end[place], max(begin[place], self._before_first) + rows) for place in lagging}
        after, event = self._read(begin, until)
        return None if after == begin else (after, event)

    @property
    def _before_first(self) -> int:
        """What lies behind this is stored: a training elsewhere need not send how it was before its first update."""
        return self.experiment.spec.first_epoch if self.experiment.is_external else NOTHING

    @property
    def _width(self) -> int:
        layers = len(self.layout[GRADIENTS.name].tensors) if GRADIENTS.name in self.layout else 0
        return len(self.layout.metrics) + layers

    def _read(self, reached: Reached, until: dict[int, int]) -> tuple[Reached, EpochsEvent]:
        """The epochs after `reached` up to `until`, of the runs at these places."""
        seeds = {place: self.experiment.runs[place].seed for place in until}
        span = {"from_epoch": min(reached[place] for place in until) + 1, "to_epoch": max(until.values())}
        asked = list(seeds.values())
        metrics = self.store.metrics(self.experiment.id, seeds=asked, **span)
        gradients = None
        if GRADIENTS.name in self.layout:
            gradients = self.store.series(self.experiment.id, GRADIENTS.name, seeds=asked, **span)
        after, runs = list(reached), []
        for place, seed in seeds.items():
            told = _between(metrics[seed], reached[place], until[place])
            if not len(told.epochs):
                continue
            after[place] = int(told.epochs[-1])
            sizes = _between(gradients[seed], reached[place], after[place]) if gradients else None
            runs.append(self._run(seed, told, sizes))
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
        chosen = choose_tensors(layout, [], [DEFAULT_PARAMETER])
        sizes = rows.values[:, list(chosen), layout.columns.index(str(GRADIENTS.default))]  # (epochs, kernels)
        names = [layout.tensors[tensor].layer for tensor in chosen]
        return RunGradientsResponse.model_construct(
            epochs=rows.epochs.tolist(), layers=dict(zip(names, _shortest(sizes.T), strict=True))
        )


def _between(rows: Rows, after: int, until: int) -> Rows:
    """The rows of the epochs after one and up to another."""
    begin, end = np.searchsorted(rows.epochs, [after, until], side="right")
    return Rows(rows.epochs[begin:end], rows.values[begin:end])


def _shortest(values: np.ndarray) -> list[list[float | None]]:
    """The numbers with no more digits than float32 needs, which is half as much text."""
    found: list[list[float | None]] = values.astype(np.float32).astype(str).astype(float).tolist()
    return found
