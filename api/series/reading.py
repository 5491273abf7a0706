"""Reader of an experiment's stored series."""

from collections.abc import Sequence
from uuid import UUID

from api.series.choice import choose, choose_tensors, recorded
from api.series.epochs import Span
from api.series.statistics import TensorStatistic
from core.records import Rows
from core.store import ExperimentStore
from gradlab.measurement.history import SeriesLayout


class SeriesReader:
    """Reads the series of one experiment, of all runs or of selected ones.

    Args:
        experiment_id: the experiment.
        store: the store that holds it.
        seeds: the seeds of the selected runs, as text; none for all.

    Raises:
        NotFound: there is no such experiment.
        Invalid: the experiment has no such seed.
    """

    def __init__(self, experiment_id: UUID, store: ExperimentStore, seeds: Sequence[str]) -> None:
        self.experiment = store.get(experiment_id)
        self.layout = store.layout(experiment_id)
        self._seeds = [int(seed) for seed in choose("seed", seeds, list(map(str, self.experiment.spec.seeds)))]
        self._store = store

    def metrics(self) -> dict[int, Rows]:
        """Read the metrics: seed -> (epochs, metrics)."""
        return self._store.metrics(self.experiment.id, seeds=self._seeds)

    def series(self, kind: str) -> tuple[SeriesLayout, dict[int, Rows]]:
        """Read one kind of series: its layout, and seed -> (epochs, tensors, columns).

        Raises:
            NotFound: the experiment does not record it.
        """
        layout = recorded(self.experiment, self.layout, kind)
        return layout, self._store.series(self.experiment.id, kind, seeds=self._seeds)

    def statistic(
        self, kind: str, statistic: str, layers: Sequence[str], parameters: Sequence[str], span: Span
    ) -> TensorStatistic:
        """Read one statistic of the selected tensors.

        Raises:
            NotFound: the experiment does not record the kind.
            Invalid: a statistic, layer or parameter is unknown, or the span ends before it begins.
        """
        layout, runs = self.series(kind)
        tensors = choose_tensors(layout, layers, parameters)
        return TensorStatistic.of(layout, runs, span, statistic=statistic, parameters=parameters, chosen=tensors)
