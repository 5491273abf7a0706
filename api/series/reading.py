"""An experiment's stored series, of the runs that somebody wants."""

from collections.abc import Sequence
from uuid import UUID

from api.series.choice import choose, choose_tensors, recorded
from api.series.epochs import Span
from api.series.statistics import TensorStatistic
from core.records import Rows
from core.store import ExperimentStore
from gradlab.measurement.history import SeriesLayout


class SeriesReader:
    """One experiment's series, of some of its runs.

    Args:
        experiment_id: which experiment.
        store: where it is stored.
        seeds: whose runs, as text; none for all.

    Raises:
        NotFound: there is no such experiment.
        Invalid: it has no such seed.
    """

    def __init__(self, experiment_id: UUID, store: ExperimentStore, seeds: Sequence[str]) -> None:
        self.experiment = store.get(experiment_id)
        self.layout = store.layout(experiment_id)
        self._seeds = [int(each) for each in choose("seed", seeds, [str(seed) for seed in self.experiment.spec.seeds])]
        self._store = store

    def metrics(self) -> dict[int, Rows]:
        """Seed -> (epochs, metrics)."""
        return self._store.metrics(self.experiment.id, seeds=self._seeds)

    def series(self, kind: str) -> tuple[SeriesLayout, dict[int, Rows]]:
        """The layout of a kind, and seed -> (epochs, tensors, columns). Raises NotFound where it is not recorded."""
        layout = recorded(self.experiment, self.layout, kind)
        return layout, self._store.series(self.experiment.id, kind, seeds=self._seeds)

    def statistic(
        self, kind: str, statistic: str, layers: Sequence[str], parameters: Sequence[str], span: Span
    ) -> TensorStatistic:
        """One statistic of some tensors."""
        layout, runs = self.series(kind)
        chosen = choose_tensors(layout, layers, parameters)
        return TensorStatistic.of(layout, runs, span, statistic=statistic, parameters=parameters, chosen=chosen)
