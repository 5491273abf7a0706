"""Source of an export: the selected kinds of series of the selected runs, read one at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from core.records import Experiment, RunRecord
from core.store import METRICS, ExperimentStore
from gradlab.facts.measurement import Load, drawn
from gradlab.measurement.history import Layout, SeriesLayout
from gradlab.measurement.rows import Rows
from gradlab.series.choice import choose


@dataclass(frozen=True)
class Source:
    """Series of an experiment at the start of the export. Epochs recorded later are left out.

    Attributes:
        store: the store that holds them.
        experiment: the experiment.
        layout: the names along the axes of its series.
        kinds: the exported kinds, ``metrics`` included, in the layout's order.
        runs: the exported runs.
        load: loads the samples of a dataset.
    """

    store: ExperimentStore
    experiment: Experiment
    layout: Layout
    kinds: tuple[str, ...]
    runs: tuple[RunRecord, ...]
    load: Load = drawn

    @classmethod
    def of(
        cls,
        store: ExperimentStore,
        experiment: Experiment,
        *,
        seeds: Sequence[str] = (),
        kinds: Sequence[str] = (),
        load: Load = drawn,
    ) -> "Source":
        """Select runs and kinds; all of them by default.

        Raises:
            Invalid: a seed or a kind is unknown.
        """
        layout = store.layout(experiment.id)
        selected = choose("seed", seeds, [str(run.seed) for run in experiment.runs])
        return cls(
            store,
            experiment,
            layout,
            kinds=choose("kind", kinds, [METRICS, *(series.kind for series in layout.series)]),
            runs=tuple(run for run in experiment.runs if str(run.seed) in selected),
            load=load,
        )

    @property
    def began(self) -> datetime:
        """Start of the training; the time of submission if it has not started."""
        return self.experiment.started_at or self.experiment.created_at

    def rows(self, run: RunRecord, kind: str) -> Rows:
        """Read the recorded epochs of one kind, (epochs, tensors, columns); metrics are (epochs, metrics)."""
        experiment_id, seeds = self.experiment.id, [run.seed]
        if kind == METRICS:
            return self.store.metrics(experiment_id, seeds=seeds, to_epoch=run.epochs_done)[run.seed]
        return self.store.series(experiment_id, kind, seeds=seeds, to_epoch=run.epochs_done)[run.seed]

    def series(self) -> Iterator[SeriesLayout]:
        """Iterate over the layouts of the selected kinds, without metrics."""
        return (self.layout[kind] for kind in self.kinds if kind != METRICS)


def in_blocks(rows: Rows, block_size: int) -> Iterator[Rows]:
    """Divide rows into blocks of consecutive epochs with about `block_size` numbers each."""
    size = max(1, block_size // max(1, int(np.prod(rows.values.shape[1:]))))
    for begin in range(0, len(rows.epochs), size):
        yield Rows(rows.epochs[begin : begin + size], rows.values[begin : begin + size])
