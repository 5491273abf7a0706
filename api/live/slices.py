"""Epochs between two positions, read from the store a bounded slice at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from api.live.event import EpochsEvent, RunEpochs, RunGradients
from api.live.position import NOTHING, Reached
from api.series.choice import DEFAULT_PARAMETER, choose_tensors
from core.history import Layout
from core.store import Experiment, ExperimentStore, Rows

# One event holds so many numbers at most, unless a single epoch of all runs has more: some 400 kB as text.
MOST_VALUES = 20_000
GRADIENTS, STATISTIC = "gradients", "mean_abs"


@dataclass(frozen=True)
class Teller:
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
        while lagging := [place for place, (now, last) in enumerate(zip(reached, end, strict=True)) if now < last]:
            rows = max(1, MOST_VALUES // (len(lagging) * self._width))
            until = {place: min(end[place], max(reached[place], self._before_first) + rows) for place in lagging}
            after, event = self._slice(reached, until)
            if after == reached:
                return
            yield after, event
            reached = after

    @property
    def _before_first(self) -> int:
        """What lies behind this is stored: a training elsewhere need not send how it was before its first update."""
        return self.experiment.spec.first_epoch if self.experiment.is_external else NOTHING

    @property
    def _width(self) -> int:
        layers = len(self.layout[GRADIENTS].tensors) if GRADIENTS in self.layout else 0
        return len(self.layout.metrics) + layers

    def _slice(self, reached: Reached, until: dict[int, int]) -> tuple[Reached, EpochsEvent]:
        """The epochs after `reached` up to `until`, of the runs at these places."""
        seeds = {place: self.experiment.runs[place].seed for place in until}
        span = {"from_epoch": min(reached[place] for place in until) + 1, "to_epoch": max(until.values())}
        asked = list(seeds.values())
        metrics = self.store.metrics(self.experiment.id, seeds=asked, **span)
        gradients = None
        if GRADIENTS in self.layout:
            gradients = self.store.series(self.experiment.id, GRADIENTS, seeds=asked, **span)
        after, runs = list(reached), []
        for place, seed in seeds.items():
            told = _between(metrics[seed], reached[place], until[place])
            if not len(told.epochs):
                continue
            after[place] = int(told.epochs[-1])
            sizes = _between(gradients[seed], reached[place], after[place]) if gradients else None
            runs.append(self._run(seed, told, sizes))
        return tuple(after), EpochsEvent(experiment_id=self.experiment.id, runs=runs)

    def _run(self, seed: int, metrics: Rows, gradients: Rows | None) -> RunEpochs:
        columns = zip(self.layout.metrics, metrics.values.T.tolist(), strict=True)
        return RunEpochs.model_construct(
            seed=seed,
            epochs=metrics.epochs.tolist(),
            metrics=dict(columns),
            gradients=self._gradients(gradients) if gradients else None,
        )

    def _gradients(self, rows: Rows) -> RunGradients:
        layout = self.layout[GRADIENTS]
        chosen = choose_tensors(layout, [], [DEFAULT_PARAMETER])
        sizes = rows.values[:, list(chosen), layout.columns.index(STATISTIC)]  # (epochs, kernels)
        names = [layout.tensors[tensor].layer for tensor in chosen]
        return RunGradients.model_construct(
            epochs=rows.epochs.tolist(), layers=dict(zip(names, sizes.T.tolist(), strict=True))
        )


def _between(rows: Rows, after: int, until: int) -> Rows:
    """The rows of the epochs after one and up to another."""
    begin, end = np.searchsorted(rows.epochs, [after, until], side="right")
    return Rows(rows.epochs[begin:end], rows.values[begin:end])
