"""Queries of an experiment's series, their layout and their summaries."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Connection, Engine, select

from core.records import SubmittedExperiment, Summary
from core.store import layouts, series, submissions
from core.store.database import reading
from core.store.tables import runs, summaries
from gradlab.errors import NotFound
from gradlab.measurement.history import Layout
from gradlab.measurement.rows import Rows


@dataclass(frozen=True)
class RecordedExperiment:
    """An experiment with what its series are read by.

    Attributes:
        experiment: its spec and state.
        layout: the names along the axes of its series, as they were when it was added.
        runs: the number of each run's row, by seed, in the spec's order.
    """

    experiment: SubmittedExperiment
    layout: Layout
    runs: dict[int, int]


class SeriesReading:
    """The part of the store that reads series."""

    _engine: Engine

    def recorded(self, id: UUID, revision: int | None = None) -> RecordedExperiment:
        """Return an experiment with its layout and runs, for `rows_of`.

        Args:
            id: of the experiment.
            revision: its revision, if that was read just now: what was read at this revision before is returned then.

        Raises:
            NotFound: there is no such experiment.
        """
        return _recorded(self._engine, id) if revision is None else _recorded_at(self._engine, id, revision)

    def rows_of(self, recorded: RecordedExperiment, kind: str, seeds: Sequence[int]) -> dict[int, Rows]:
        """Return all rows of one kind, or of the metrics, by seed, values (epochs, tensors, columns).

        Raises:
            NotFound: the experiment has been deleted meanwhile.
        """
        chosen = {seed: recorded.runs[seed] for seed in seeds}
        with reading(self._engine) as connection:
            rows = series.read(connection, list(chosen.values()), kind, recorded.layout, 0, None)
            if not any(len(each.epochs) for each in rows.values()):
                submissions.find(connection, recorded.experiment.id)
        return {seed: rows[run] for seed, run in chosen.items()}

    def layout(self, id: UUID) -> Layout:
        """Return the layout that the experiment was added with. Raises NotFound."""
        with reading(self._engine) as connection:
            return layouts.get(connection, submissions.find(connection, id).number)

    def metrics(
        self, id: UUID, *, seeds: Sequence[int] | None = None, from_epoch: int = 0, to_epoch: int | None = None
    ) -> dict[int, Rows]:
        """Return the metrics by seed, values (epochs, metrics), from `from_epoch` to `to_epoch`. Raises NotFound."""
        return self.series(id, series.METRICS, seeds=seeds, from_epoch=from_epoch, to_epoch=to_epoch)

    def series(
        self,
        id: UUID,
        kind: str,
        *,
        seeds: Sequence[int] | None = None,
        from_epoch: int = 0,
        to_epoch: int | None = None,
    ) -> dict[int, Rows]:
        """Return one kind's rows by seed, values (epochs, tensors, columns), from `from_epoch` to `to_epoch`.

        Raises:
            NotFound: there is no such experiment, no such seed, or the kind is not recorded.
        """
        with reading(self._engine) as connection:
            number = submissions.find(connection, id).number
            chosen = runs_of(connection, number, seeds)
            layout = layouts.get(connection, number)
            if kind != series.METRICS and kind not in layout:
                raise NotFound(f"The experiment does not record {kind}.")
            rows = series.read(connection, list(chosen.values()), kind, layout, from_epoch, to_epoch)
        return {seed: rows[run] for seed, run in chosen.items()}

    def summaries(self, id: UUID) -> dict[int, tuple[Summary, ...]]:
        """Return one summary per tensor of the layout, by seed, for runs that ended or broke off. Raises NotFound."""
        with reading(self._engine) as connection:
            number = submissions.find(connection, id).number
            query = select(runs.c.seed, summaries).join(runs, runs.c.number == summaries.c.run)
            query = query.where(runs.c.experiment == number).order_by(runs.c.position, summaries.c.tensor)
            summaries_by_seed: dict[int, list[Summary]] = {}
            for row in connection.execute(query):
                summary = Summary(row.last, row.minimum, row.maximum, row.first_nonfinite_epoch)
                summaries_by_seed.setdefault(row.seed, []).append(summary)
        return {seed: tuple(of_run) for seed, of_run in summaries_by_seed.items()}


def _recorded(engine: Engine, id: UUID) -> RecordedExperiment:
    with reading(engine) as connection:
        row = submissions.find(connection, id)
        layout, numbers = layouts.get(connection, row.number), runs_of(connection, row.number, None)
    return RecordedExperiment(submissions.submitted(row), layout, numbers)


@lru_cache(maxsize=64)
def _recorded_at(engine: Engine, id: UUID, _revision: int) -> RecordedExperiment:
    """Return `_recorded`, cached: layouts of deep networks are long, and clients ask for one series after another."""
    return _recorded(engine, id)


def runs_of(connection: Connection, number: int, seeds: Sequence[int] | None) -> dict[int, int]:
    """Return the numbers of the runs by seed, in the spec's order; all, or those of `seeds`. Raises NotFound."""
    query = select(runs.c.seed, runs.c.number).where(runs.c.experiment == number).order_by(runs.c.position)
    numbers = {row.seed: row.number for row in connection.execute(query)}
    if missing := [seed for seed in seeds or () if seed not in numbers]:
        raise NotFound(f"There is no run with the seed {missing[0]}; the seeds are {', '.join(map(str, numbers))}.")
    return numbers if seeds is None else {seed: run for seed, run in numbers.items() if seed in seeds}
