"""What an export is made of: the chosen kinds of series of the chosen runs, read one at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from api.series.choice import choose
from core.records import Experiment, Rows, RunRecord
from core.store import ExperimentStore
from gradlab.measurement.history import Layout, SeriesLayout

METRICS = "metrics"


@dataclass(frozen=True)
class Source:
    """An experiment as it is when the export begins: what a worker adds meanwhile is left out.

    Attributes:
        layout: the names along the axes of its series.
        kinds: of the series, ``metrics`` among them, in the layout's order.
        runs: those that are exported.
    """

    store: ExperimentStore
    experiment: Experiment
    layout: Layout
    kinds: tuple[str, ...]
    runs: tuple[RunRecord, ...]

    @classmethod
    def of(
        cls, store: ExperimentStore, experiment: Experiment, *, seeds: Sequence[str] = (), kinds: Sequence[str] = ()
    ) -> "Source":
        """All runs and all kinds unless some are named. Raises Invalid where a name is unknown."""
        layout = store.layout(experiment.id)
        wanted = choose("seed", seeds, [str(run.seed) for run in experiment.runs])
        return cls(
            store,
            experiment,
            layout,
            kinds=choose("kind", kinds, [METRICS, *(series.kind for series in layout.series)]),
            runs=tuple(run for run in experiment.runs if str(run.seed) in wanted),
        )

    @property
    def began(self) -> datetime:
        """When its training began, or when it was submitted where that has not happened yet."""
        return self.experiment.started_at or self.experiment.created_at

    def rows(self, run: RunRecord, kind: str) -> Rows:
        """The recorded epochs of one kind of series, and (epochs, tensors, columns); (epochs, metrics) of metrics."""
        which, seeds = self.experiment.id, [run.seed]
        if kind == METRICS:
            return self.store.metrics(which, seeds=seeds, to_epoch=run.epochs_done)[run.seed]
        return self.store.series(which, kind, seeds=seeds, to_epoch=run.epochs_done)[run.seed]

    def series(self) -> Iterator[SeriesLayout]:
        """The layouts of the chosen kinds, metrics apart."""
        return (self.layout[kind] for kind in self.kinds if kind != METRICS)


def in_blocks(rows: Rows, most: int) -> Iterator[Rows]:
    """The rows some epochs at a time, so that a block holds about `most` numbers."""
    size = max(1, most // max(1, int(np.prod(rows.values.shape[1:]))))
    for begin in range(0, len(rows.epochs), size):
        yield Rows(rows.epochs[begin : begin + size], rows.values[begin : begin + size])
