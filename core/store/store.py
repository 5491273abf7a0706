"""ExperimentStore: the database of experiments. Each method is one transaction."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import IntegrityError

from core.records import Attempt, Claim, Experiment, Page, Rows, Summary, WorkerCommand
from core.store import chunks, claims, layouts, series, snapshots, submissions, treatments
from core.store.cost_store import CostStore
from core.store.database import connect, reading, writing
from core.store.deaths import DeathStore
from core.store.external_store import ExternalStore
from core.store.migrate import guard
from core.store.storable import storable
from core.store.tables import attempts, experiments, runs, summaries
from core.store.treatment_store import TreatmentStore
from gradlab.errors import NotFound
from gradlab.measurement.history import Architecture, Checkpoint, Chunk, Layout, Snapshot
from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec, ExternalSpec


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


class ExperimentStore:
    """Keeps experiments through their lives.

    Threads may share one, processes may not. Every method raises Unavailable while the database does not answer, and
    DatabaseTooNew where a later version has migrated it: nothing is written to tables that are not this version's.

    Args:
        url: SQLite or PostgreSQL, as SQLAlchemy writes it.
        lease: a worker that has not written for so long is taken for dead; longer where one epoch takes longer.
        max_attempts: an experiment fails after so many attempts in a row that brought no newer checkpoint.
        clock: says what time it is, in UTC.
        silence: who sends a training from elsewhere and has not done so for so long counts as silent.

    Attributes:
        treatments, external, deaths, costs: parts of the store, in the same database: for treatments, for what
            trainings elsewhere send, for experiments whose process died, for what trainings took.
    """

    def __init__(
        self,
        url: str,
        *,
        lease: timedelta,
        max_attempts: int,
        clock: Callable[[], datetime] = utc_now,
        silence: timedelta = timedelta(minutes=5),
    ) -> None:
        self.lease = lease
        self._engine = connect(url)
        guard(self._engine)
        self._max_attempts = max_attempts
        self._clock = clock
        self._silence = silence
        self.treatments = TreatmentStore(self._engine, clock)
        self.external = ExternalStore(self._engine, clock, silence)
        self.deaths = DeathStore(self._engine, clock, max_attempts)
        self.costs = CostStore(self._engine, clock)

    def close(self) -> None:
        """Give the connections back. The store opens new ones when it is used again."""
        self._engine.dispose()

    def ping(self) -> None:
        """Raise Unavailable unless the database answers."""
        with reading(self._engine) as connection:
            connection.execute(text("SELECT 1"))

    # What people ask for.

    def add(
        self, spec: ExperimentSpec | ExternalSpec, *, idempotency_key: str | None = None
    ) -> tuple[Experiment, bool]:
        """Keep a new experiment: committed on return. Says whether it is new.

        With an idempotency key that was used before for the same spec, the experiment it made is answered.

        Raises:
            Conflict: the key was used for another spec.
        """
        try:
            return self._add(spec, idempotency_key)
        except IntegrityError:
            if not idempotency_key:
                raise
            return self._add(spec, idempotency_key)  # somebody else has used the key since we looked

    def _add(self, spec: ExperimentSpec | ExternalSpec, idempotency_key: str | None) -> tuple[Experiment, bool]:
        with writing(self._engine) as connection:
            known = submissions.added_with(connection, idempotency_key, spec) if idempotency_key else None
            added = known or submissions.add(connection, spec, idempotency_key, self._clock(), self._silence)
            return submissions.get(connection, added), known is None

    def get(self, id: UUID) -> Experiment:
        """One experiment. Raises NotFound."""
        with reading(self._engine) as connection:
            return submissions.get(connection, id)

    def revision(self, id: UUID) -> int:
        """The experiment's revision, by one cheap query. Raises NotFound."""
        with reading(self._engine) as connection:
            query = select(experiments.c.revision).where(experiments.c.id == id)
            revision: int | None = connection.execute(query).scalar()
        if revision is None:
            raise NotFound(f"There is no experiment {id}.")
        return revision

    def revisions(self, ids: Sequence[UUID]) -> dict[UUID, int]:
        """The revisions of several experiments, by one cheap query, without those that do not exist."""
        with reading(self._engine) as connection:
            query = select(experiments.c.id, experiments.c.revision).where(experiments.c.id.in_(ids))
            return {row.id: row.revision for row in connection.execute(query)}

    def page(
        self,
        *,
        limit: int,
        before: int | None = None,
        status: Status | Collection[Status] = (),
        search: str | None = None,
    ) -> Page:
        """Experiments, newest first; `before` is the `next` of the page before, `search` what their names contain.

        Of several statuses those in any of them, of none all.
        """
        statuses = (status,) if isinstance(status, Status) else tuple(status)
        with reading(self._engine) as connection:
            return submissions.page(connection, limit, before, statuses, search)

    def cancel(self, id: UUID) -> Experiment:
        """Stop an experiment: at once if it waits or is trained elsewhere, at the next chunk if a worker trains it.

        Raises:
            NotFound: there is no such experiment.
            Conflict: it is finished.
        """
        with writing(self._engine) as connection:
            submissions.cancel(connection, id, self._clock())
            return submissions.get(connection, id)

    def delete(self, id: UUID) -> None:
        """Remove an experiment in any state; a worker that trains it is refused at its next chunk. Raises NotFound."""
        with writing(self._engine) as connection:
            treatments.abandon(connection, id, self._clock())
            submissions.remove(connection, id)

    # What was measured.

    def layout(self, id: UUID) -> Layout:
        """The names along the axes of the experiment's series, as they were when it was added. Raises NotFound."""
        with reading(self._engine) as connection:
            return layouts.get(connection, submissions.find(connection, id).number)

    def metrics(
        self, id: UUID, *, seeds: Sequence[int] | None = None, from_epoch: int = 0, to_epoch: int | None = None
    ) -> dict[int, Rows]:
        """Seed -> the epochs from `from_epoch` to `to_epoch`, and (epochs, metrics). Raises NotFound."""
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
        """Seed -> the recorded epochs of one kind from `from_epoch` to `to_epoch`, and (epochs, tensors, columns).

        Raises:
            NotFound: there is no such experiment, no such seed, or the kind is not recorded.
        """
        with reading(self._engine) as connection:
            number = submissions.find(connection, id).number
            chosen = _runs(connection, number, seeds)
            layout = layouts.get(connection, number)
            if kind != series.METRICS and kind not in layout:
                raise NotFound(f"The experiment does not record {kind}.")
            found = series.read(connection, list(chosen.values()), kind, layout, from_epoch, to_epoch)
        return {seed: found[run] for seed, run in chosen.items()}

    def summaries(self, id: UUID) -> dict[int, tuple[Summary, ...]]:
        """Seed -> one summary per tensor of the layout, for the runs that ended or were broken off. Raises NotFound."""
        with reading(self._engine) as connection:
            number = submissions.find(connection, id).number
            query = select(runs.c.seed, summaries).join(runs, runs.c.number == summaries.c.run)
            query = query.where(runs.c.experiment == number).order_by(runs.c.position, summaries.c.tensor)
            found: dict[int, list[Summary]] = {}
            for row in connection.execute(query):
                summary = Summary(row.last, row.minimum, row.maximum, row.first_nonfinite_epoch)
                found.setdefault(row.seed, []).append(summary)
        return {seed: tuple(of_run) for seed, of_run in found.items()}

    def network(self, id: UUID, seed: int, *, epoch: int | None = None) -> tuple[Architecture, Snapshot]:
        """A run's network after an epoch, by default after its last: kept are epoch 0 and, once it has ended, the last.

        Raises:
            NotFound: there is no such experiment, no such seed, or that epoch's network is not kept.
        """
        with reading(self._engine) as connection:
            number = submissions.find(connection, id).number
            run = _runs(connection, number, [seed])[seed]
            form = snapshots.architecture(connection, number)
            return form, snapshots.read(connection, run, epoch, form.variables)

    def attempts(self, id: UUID) -> tuple[Attempt, ...]:
        """Who has tried, in order, and what became of it. Raises NotFound."""
        with reading(self._engine) as connection:
            mine = attempts.c.experiment == submissions.find(connection, id).number
            rows = connection.execute(select(attempts).where(mine).order_by(attempts.c.attempt)).all()
        return tuple(Attempt(row.attempt, *row[2:]) for row in rows)

    # What workers ask for.

    def claim(self, id: UUID, *, worker: str) -> Claim | None:
        """Take an experiment that waits, or whose worker is dead. None if there is nothing to take."""
        with writing(self._engine) as connection:
            return claims.claim(
                connection, id, worker=worker, now=self._clock(), lease=self.lease, max_attempts=self._max_attempts
            )

    def append(
        self,
        claim: Claim,
        chunk: Chunk,
        *,
        checkpoint: Checkpoint | None = None,
        architecture: Architecture | None = None,
    ) -> WorkerCommand:
        """Store a chunk and extend the lease: doing it twice changes nothing.

        What is stored of its runs from the chunk's first epoch on, and of the runs after its group, is dropped first:
        a run's series is always a gapless beginning.

        Raises:
            ClaimLost: another worker owns the experiment now, or it is finished or gone.
        """
        with writing(self._engine) as connection:
            until = self._clock() + claims.patience(claim.spec, self.lease, compiling=chunks.is_last_before_new(chunk))
            return chunks.append(connection, claim, chunk, checkpoint, architecture, until)

    def finish(
        self, claim: Claim, status: Status, *, error: str | None = None, versions: dict[str, str] | None = None
    ) -> None:
        """End an experiment. Raises ClaimLost."""
        with writing(self._engine) as connection:
            claims.finish(connection, claim, status, self._clock(), storable(error), versions)

    def release(self, claim: Claim) -> None:
        """Give an experiment back, to be gone on with by whoever comes first. Raises ClaimLost."""
        with writing(self._engine) as connection:
            claims.release(connection, claim, self._clock())

    def waiting_triages(self, *, limit: int = 10) -> list[UUID]:
        """The experiments of no epochs, looks at initial states, that wait and may have company; oldest first."""
        with reading(self._engine) as connection:
            return claims.waiting_triages(connection, limit)

    # What the sweep asks for.

    def due(self, *, requeue_after: timedelta, patient: bool = True, limit: int = 100) -> list[UUID]:
        """The experiments that need a message, oldest first; they count as published from here on.

        If `patient`, twice as much time passes after each message about an experiment, until there is another.

        First, experiments whose worker is dead are queued again, cancelled if that was asked for, or failed after
        too many attempts that got no further.
        """
        now = self._clock()
        overdue = claims.overdue(now, requeue_after, patient=patient)
        with reading(self._engine) as connection:
            if not claims.anything_due(connection, now=now, overdue=overdue):
                return []
        with writing(self._engine) as connection:
            return claims.due(connection, now=now, overdue=overdue, limit=limit, max_attempts=self._max_attempts)

    def not_published(self, ids: Sequence[UUID]) -> None:
        """The messages about these experiments did not get out: they are due at once."""
        with writing(self._engine) as connection:
            claims.not_published(connection, list(ids))


def _runs(connection: Connection, number: int, seeds: Sequence[int] | None) -> dict[int, int]:
    """Seed -> number of its run, in the spec's order, or only those asked for."""
    query = select(runs.c.seed, runs.c.number).where(runs.c.experiment == number).order_by(runs.c.position)
    numbers = {row.seed: row.number for row in connection.execute(query)}
    if missing := [seed for seed in seeds or () if seed not in numbers]:
        raise NotFound(f"There is no run with the seed {missing[0]}; the seeds are {', '.join(map(str, numbers))}.")
    return numbers if seeds is None else {seed: run for seed, run in numbers.items() if seed in seeds}
