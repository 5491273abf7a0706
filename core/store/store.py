"""The database of experiments. Each method is one transaction, unless it is called in `reading_together`."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import IntegrityError

from core.blobs import BlobStore
from core.records import NO_FILTERS, Attempt, Claim, Experiment, Filters, Page, WorkerCommand
from core.store import adding, chunks, claims, snapshots, study_rows, submissions, treatment_rows
from core.store.adding import Outcome, Submission
from core.store.cost_store import CostStore
from core.store.database import HeldUp, connect, reading, reading_together, writing
from core.store.dataset_store import DatasetStore
from core.store.deaths import DeathStore
from core.store.external_store import ExternalStore
from core.store.facts_store import FactsStore
from core.store.large import LargeBytes
from core.store.migrate import guard
from core.store.series_reading import SeriesReading, runs_of
from core.store.storable import storable
from core.store.study_store import StudyStore
from core.store.sweeping import Sweeping
from core.store.tables import attempts, experiments
from core.store.treatment_store import TreatmentStore
from core.store.verdict_store import VerdictStore
from core.store.weights_store import WeightsStore
from gradlab.errors import NotFound, Unavailable
from gradlab.facts import Facts
from gradlab.measurement.history import Architecture, Checkpoint, Chunk, Snapshot
from gradlab.schemas.status import Status
from gradlab.spec import AnySpec

# Made once: every response with an ETag needs it.
_REVISION = select(experiments.c.revision).where(experiments.c.id == bindparam("id"))


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


class ExperimentStore(SeriesReading, Sweeping):
    """Repository of experiments, their runs and their series.

    Threads may share a store, processes may not. Every method raises Unavailable while the database does not answer,
    and DatabaseTooNew where a later version has migrated it. Nothing is written to another version's tables.

    Args:
        url: SQLAlchemy URL of SQLite or PostgreSQL.
        lease: a worker that has stored nothing for this long counts as dead; longer where an epoch takes longer.
        max_attempts: an experiment fails after this many attempts in a row without a newer checkpoint.
        clock: returns the current time in UTC.
        silence: the sender of a training elsewhere counts as silent after this long without a request.
        blobs: where large networks and checkpoints go, if API and workers share a storage; else they stay in rows.

    Attributes:
        treatments, studies: treatments and their trials; studies and their cells.
        external: what trainings elsewhere send.
        deaths, costs: experiments whose process died; measured seconds and bytes of trainings.
        facts, verdicts: what rules need to know of the samples; summaries of diagnoses.
        datasets, weights: what users have uploaded.
    """

    def __init__(
        self,
        url: str,
        *,
        lease: timedelta,
        max_attempts: int,
        clock: Callable[[], datetime] = utc_now,
        silence: timedelta = timedelta(minutes=5),
        blobs: BlobStore | None = None,
    ) -> None:
        self.lease, self._engine = lease, connect(url)
        guard(self._engine)
        self._max_attempts = max_attempts
        self._clock, self._silence, self._large = clock, silence, LargeBytes(blobs)
        self.treatments = TreatmentStore(self._engine, clock)
        self.external = ExternalStore(self._engine, clock, silence)
        self.deaths = DeathStore(self._engine, clock, max_attempts)
        self.costs = CostStore(self._engine, clock)
        self.facts = FactsStore(self._engine, clock)
        self.verdicts = VerdictStore(self._engine)
        self.studies = StudyStore(self._engine, clock)
        self.datasets = DatasetStore(self._engine, clock)
        self.weights = WeightsStore(self._engine, clock)

    def close(self) -> None:
        """Close all connections. The store opens new ones when it is used again."""
        self._engine.dispose()

    def reading_together(self) -> AbstractContextManager[None]:
        """Let everything that this thread reads in a block be read in one transaction, which sees no later change."""
        return reading_together(self._engine)

    def ping(self) -> None:
        """Raise Unavailable unless the database answers."""
        with reading(self._engine) as connection:
            connection.execute(text("SELECT 1"))

    # For people.

    def add(self, spec: AnySpec, *, idempotency_key: str | None = None) -> tuple[Experiment, bool]:
        """Add an experiment, committed on return. Return it, and True if it is new.

        An idempotency key that was used before for the same spec returns the experiment of that request.

        Raises:
            Conflict: the key was used for another spec.
            Invalid: the spec names a file that is not there, or does not fit.
        """
        outcome = self._add_one(Submission(spec, idempotency_key))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def add_all(self, submitted: Sequence[Submission]) -> list[Outcome]:
        """Add experiments in one transaction, as `add` does each of them; all are committed on return.

        Return the outcome of each. What is wrong with one does not hinder the others: if the database refuses the
        transaction, or another transaction holds it up, each is added in one of its own, which waits for others a
        second at most. An outage is that of all.
        """
        try:
            return self._add(submitted)
        except Exception as failure:
            if isinstance(failure, Unavailable) and not isinstance(failure, HeldUp):
                raise
            return [self._outcome(each) for each in submitted]

    def _add(self, submitted: Sequence[Submission], *, hurried: bool = False) -> list[Outcome]:
        prepared = [adding.prepare(each) for each in submitted]
        with writing(self._engine, hurried=hurried) as connection:
            outcomes = adding.add_all(connection, prepared, self._clock(), self._silence)
        return [self._earlier(each) if isinstance(each, UUID) else each for each in outcomes]

    def _earlier(self, id: UUID) -> Outcome:
        try:
            return self.get(id), False
        except Exception as failure:  # the others are committed: they must not be added once more
            return failure

    def _add_one(self, submission: Submission, *, hurried: bool = False) -> Outcome:
        try:
            return self._add([submission], hurried=hurried)[0]
        except IntegrityError:
            if not submission.idempotency_key:
                raise
            return self._add([submission], hurried=hurried)[0]  # another request has used the key since it was read

    def _outcome(self, submission: Submission) -> Outcome:
        try:
            return self._add_one(submission, hurried=True)
        except Exception as failure:
            return failure

    def get(self, id: UUID) -> Experiment:
        """Return an experiment. Raises NotFound."""
        with reading(self._engine) as connection:
            return submissions.get(connection, id)

    def revision(self, id: UUID) -> int:
        """Return an experiment's revision, by one cheap query. Raises NotFound."""
        with reading(self._engine) as connection:
            revision: int | None = connection.execute(_REVISION, {"id": id}).scalar()
        if revision is None:
            raise NotFound(f"There is no experiment {id}.")
        return revision

    def revisions(self, ids: Sequence[UUID]) -> dict[UUID, int]:
        """Return the revisions of those of the experiments that exist, by one cheap query."""
        query = select(experiments.c.id, experiments.c.revision).where(experiments.c.id.in_(ids))
        with reading(self._engine) as connection:
            return {row.id: row.revision for row in connection.execute(query)}

    def page(
        self,
        *,
        limit: int,
        before: int | None = None,
        status: Status | Collection[Status] = (),
        filters: Filters = NO_FILTERS,
    ) -> Page:
        """Return a page of experiments; `before` is `next` of the preceding page.

        `status` restricts it to one status or several, `filters` further, and says in which order.
        """
        with reading(self._engine) as connection:
            return submissions.page(connection, limit, before, status, filters)

    def cancel(self, id: UUID) -> Experiment:
        """Cancel an experiment: at once if it waits or is trained elsewhere, at the next chunk if a worker trains it.

        Raises:
            NotFound: there is no such experiment.
            Conflict: it is finished.
        """
        with writing(self._engine) as connection:
            submissions.cancel(connection, id, self._clock())
            return submissions.get(connection, id)

    def delete(self, id: UUID) -> None:
        """Delete an experiment in any state. A worker that trains it is refused at its next chunk. Raises NotFound."""
        with writing(self._engine) as connection:
            study_rows.changed_with(connection, id)  # first: whoever halts a study locks it before its experiments
            treatment_rows.abandon(connection, id, self._clock())
            submissions.remove(connection, id)

    # Measurements.

    def network(self, id: UUID, seed: int, *, epoch: int | None = None) -> tuple[Architecture, Snapshot]:
        """Return a run's network after an epoch: 0 or, once the run has ended, its last, which is the default.

        Raises:
            NotFound: there is no such experiment, no such seed, or that epoch's network is not kept.
            Unavailable: its storage does not answer.
        """
        with reading(self._engine) as connection:
            number = submissions.find(connection, id).number
            run = runs_of(connection, number, [seed])[seed]
            form = snapshots.architecture(connection, number)
            kept_epoch, kept = snapshots.read(connection, run, epoch)
        return form, Snapshot(kept_epoch, snapshots.unpack(self._large.load(kept), form.variables))

    def attempts(self, id: UUID) -> tuple[Attempt, ...]:
        """Return the attempts at an experiment, in order. Raises NotFound."""
        with reading(self._engine) as connection:
            mine = attempts.c.experiment == submissions.find(connection, id).number
            rows = connection.execute(select(attempts).where(mine).order_by(attempts.c.attempt)).all()
        return tuple(Attempt(row.attempt, *row[2:]) for row in rows)

    # For workers.

    def claim(self, id: UUID, *, worker: str) -> Claim | None:
        """Claim an experiment that waits, or whose worker is dead. Return None if it cannot be claimed."""
        with reading(self._engine) as connection:
            before = claims.checkpoint_blob(connection, id)
        # Loaded before the claim, which would count as an attempt while the storage is away.
        state = claims.loaded(self._large, before)
        with writing(self._engine) as connection:
            claimed = claims.claim(
                connection, id, worker=worker, now=self._clock(), lease=self.lease, max_attempts=self._max_attempts
            )
        if claimed is None:
            return None
        claim, kept = claimed
        return claims.resuming(claim, kept, state if kept == before else claims.loaded(self._large, kept))

    def append(
        self,
        claim: Claim,
        chunk: Chunk,
        *,
        checkpoint: Checkpoint | None = None,
        architecture: Architecture | None = None,
        facts: Facts | None = None,
    ) -> WorkerCommand:
        """Store a chunk and extend the lease. Idempotent.

        Rows of its runs from the chunk's first epoch on are dropped first, and all rows of the runs after its group. A
        run's series never has a gap.

        Raises:
            ClaimLost: another worker owns the experiment now, or it is finished or deleted.
        """
        stored = chunks.keep(self._large, claim, chunk, checkpoint)
        with writing(self._engine) as connection:
            until = self._clock() + claims.patience(claim.spec, self.lease, compiling=chunks.is_last_before_new(chunk))
            command, replaced = chunks.append(connection, claim, chunk, stored, architecture, until, facts)
        self._large.drop(replaced)
        return command

    def finish(
        self, claim: Claim, status: Status, *, error: str | None = None, versions: dict[str, str] | None = None
    ) -> None:
        """End an experiment with a final status. Raises ClaimLost."""
        with writing(self._engine) as connection:
            claims.finish(connection, claim, status, self._clock(), storable(error), versions)

    def release(self, claim: Claim) -> None:
        """Requeue an experiment; the next worker resumes it. Raises ClaimLost."""
        with writing(self._engine) as connection:
            claims.release(connection, claim, self._clock())
