"""The store of treatments. Each method is one transaction; `core.store.treatment_rows` holds their statements."""

from collections.abc import Callable, Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine

from core.records import TreatmentPage, TreatmentRecord, TreatmentReference
from core.store import treatment_reading, treatment_rows, trial_rows
from core.store.database import reading, writing
from core.store.storable import storable
from core.treatment import Treatment
from gradlab.schemas.status import TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest


class TreatmentStore:
    """Repository of treatments, their trials, and the experiments that the trials wait for.

    Every method raises Unavailable while the database does not answer.

    Args:
        engine: the engine of the database.
        clock: returns the current time in UTC.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def add(
        self,
        experiment_id: UUID,
        request: TreatmentRequest,
        treatment: Treatment,
        *,
        idempotency_key: str | None = None,
    ) -> tuple[TreatmentRecord, list[UUID]]:
        """Add a treatment. Return it, and the experiments that it needs first; the caller publishes these.

        An idempotency key that was used before for the same request returns the treatment of that request.

        Raises:
            NotFound: there is no such experiment.
            Conflict: it is being treated already, or the key was used for another request.
        """
        with writing(self._engine) as connection:
            now = self._clock()
            made, needed = treatment_rows.add(connection, experiment_id, request, treatment, now, idempotency_key)
            return treatment_reading.get(connection, made), needed

    def added_with(
        self, experiment_id: UUID, idempotency_key: str, request: TreatmentRequest
    ) -> TreatmentRecord | None:
        """Return the experiment's treatment with this key. Raises Conflict if the key was used for another request."""
        with reading(self._engine) as connection:
            earlier = treatment_rows.added_with(connection, experiment_id, idempotency_key, request)
            return treatment_reading.get(connection, earlier) if earlier else None

    def get(self, id: UUID) -> TreatmentRecord:
        """Return a treatment. Raises NotFound."""
        with reading(self._engine) as connection:
            return treatment_reading.get(connection, id)

    def page(
        self,
        experiment_id: UUID | None = None,
        *,
        limit: int,
        before: int | None = None,
        statuses: Collection[TreatmentStatus] = (),
    ) -> TreatmentPage:
        """Return a page of the treatments of one experiment or of all, newest first.

        `before` is `next` of the preceding page; `statuses` restricts it, if there are any.

        Raises:
            NotFound: there is no such experiment.
        """
        with reading(self._engine) as connection:
            return treatment_reading.page(connection, limit, before, experiment_id, statuses)

    def newest(self, experiment_id: UUID) -> TreatmentReference | None:
        """Return the newest treatment of an experiment, by cheap queries; None if it has none."""
        with reading(self._engine) as connection:
            return trial_rows.treatment_of(connection, experiment_id)

    def save(
        self, before: TreatmentRecord, treatment: Treatment, status: TreatmentStatus, *, error: str | None = None
    ) -> list[UUID] | None:
        """Write the changes since `before`. Return the experiments added for it; the caller publishes these.

        Returns None and writes nothing if another worker has changed the treatment since `before`.
        """
        with writing(self._engine) as connection:
            return treatment_rows.save(connection, before, treatment, status, storable(error), self._clock())

    def cancel(self, id: UUID) -> TreatmentRecord:
        """Cancel a treatment. Raises NotFound, and Conflict if it is not running."""
        with writing(self._engine) as connection:
            treatment_rows.cancel(connection, id, self._clock())
            return treatment_reading.get(connection, id)

    def resume(self, id: UUID) -> TreatmentRecord:
        """Resume a cancelled or failed treatment. Raises NotFound and Conflict."""
        with writing(self._engine) as connection:
            treatment_rows.resume(connection, id)
            return treatment_reading.get(connection, id)

    def due(self) -> list[UUID]:
        """Return the running treatments with a trial whose experiment is finished or deleted."""
        with reading(self._engine) as connection:
            return treatment_rows.due(connection)

    def waiting_for(self, experiment_id: UUID) -> list[UUID]:
        """Return the running treatments that wait for an experiment."""
        with reading(self._engine) as connection:
            return treatment_rows.with_experiment(connection, experiment_id)
