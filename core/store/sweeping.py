"""Queries of the sweep and of idle workers: experiments that are due, and blobs that are the database's."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, select, union_all

from core.store import claims, waiting
from core.store.database import reading, writing
from core.store.dataset_tables import datasets
from core.store.tables import checkpoints, identity, snapshots
from core.store.weights_tables import uploaded_weights
from gradlab.schemas.datasets import ID_PREFIX
from gradlab.schemas.status import DatasetStatus


class Sweeping:
    """The part of the store that the sweep uses."""

    _engine: Engine
    _clock: Callable[[], datetime]
    _max_attempts: int

    def waiting_triages(self, *, limit: int = 10) -> list[UUID]:
        """Return waiting triages that may run beside a training, oldest first."""
        with reading(self._engine) as connection:
            return waiting.waiting_triages(connection, limit)

    def is_batch(self, id: UUID) -> bool:
        """Return True if an experiment yields to ordinary ones."""
        with reading(self._engine) as connection:
            return waiting.is_batch(connection, id)

    def is_waiting(self, id: UUID) -> bool:
        """Return True if an experiment waits for a worker."""
        with reading(self._engine) as connection:
            return waiting.is_waiting(connection, id)

    def next_waiting(self, held: Collection[str]) -> UUID | None:
        """Return the experiment to claim next, by priority and age; None if none waits.

        Of a batch those are preferred whose architecture's hash is in `held`, for at most a minute.
        """
        with reading(self._engine) as connection:
            return waiting.next_waiting(connection, held, self._clock())

    def next_to_compile(self, made: Collection[str]) -> UUID | None:
        """Return the experiment that will be claimed next of those whose architecture's hash is not in `made`."""
        with reading(self._engine) as connection:
            return waiting.next_to_compile(connection, made)

    def most_requested(self, limit: int, within: timedelta) -> list[UUID]:
        """Return an experiment of each architecture that was asked for most often in the last time, most often first.

        Args:
            limit: number of architectures, at most.
            within: the time before now.
        """
        with reading(self._engine) as connection:
            return waiting.most_requested(connection, limit, self._clock() - within)

    def due(self, *, requeue_after: timedelta, patient: bool = True, limit: int = 100) -> list[UUID]:
        """Return the experiments that need a message, oldest first, and mark them as published.

        Experiments whose worker is dead are first requeued, cancelled on request, or failed after too many stalled
        attempts. If `patient`, the pause between two messages about an experiment doubles each time.
        """
        now = self._clock()
        overdue = claims.overdue(now, requeue_after, patient=patient)
        with reading(self._engine) as connection:
            if not claims.anything_due(connection, now=now, overdue=overdue):
                return []
        with writing(self._engine) as connection:
            return claims.due(connection, now=now, overdue=overdue, limit=limit, max_attempts=self._max_attempts)

    def not_published(self, ids: Sequence[UUID]) -> None:
        """Mark experiments as unpublished, because sending failed: they are due at once."""
        with writing(self._engine) as connection:
            claims.not_published(connection, list(ids))

    def identity(self) -> str:
        """Return the random id that the database was given when it was migrated, 32 hexadecimal digits."""
        with reading(self._engine) as connection:
            return str(connection.execute(select(identity.c.id)).scalar_one())

    def named_blobs(self, hashes: Collection[str]) -> set[str]:
        """Return those of the blobs that a row names: networks, checkpoints, weights, datasets, and unchecked files."""
        tables = datasets, checkpoints, snapshots, uploaded_weights
        named = union_all(*(select(table.c.blob).where(table.c.blob.in_(hashes)) for table in tables))
        waiting = select(datasets.c.id).where(datasets.c.status == DatasetStatus.checking)
        with reading(self._engine) as connection:
            files = {each.removeprefix(ID_PREFIX) for each in connection.execute(waiting).scalars()}
            return set(connection.execute(named).scalars()) | files.intersection(hashes)
