"""The door to treatments. Each method is one transaction."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine

from core.records import TreatmentPage, TreatmentRecord
from core.store import treatments
from core.store.database import reading, writing
from core.store.storable import storable
from core.treatment import Treatment
from gradlab.schemas.status import TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest


class TreatmentStore:
    """Keeps treatments, their trials, and the experiments that these wait for.

    Every method raises Unavailable when the database does not answer.

    Args:
        engine: of the database in which the experiments are.
        clock: says what time it is, in UTC.
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
        """Keep a new treatment with the experiments that it needs first, which are to be published.

        With an idempotency key that was used before for the same request: the treatment that it made.

        Raises:
            NotFound: there is no such experiment.
            Conflict: it is being treated already, or the key was used for another request.
        """
        with writing(self._engine) as connection:
            now = self._clock()
            made, needed = treatments.add(connection, experiment_id, request, treatment, now, idempotency_key)
            return treatments.get(connection, made), needed

    def added_with(
        self, experiment_id: UUID, idempotency_key: str, request: TreatmentRequest
    ) -> TreatmentRecord | None:
        """The experiment's treatment with that key. Raises Conflict where the key was used for another request."""
        with reading(self._engine) as connection:
            known = treatments.added_with(connection, experiment_id, idempotency_key, request)
            return treatments.get(connection, known) if known else None

    def get(self, id: UUID) -> TreatmentRecord:
        """One treatment. Raises NotFound."""
        with reading(self._engine) as connection:
            return treatments.get(connection, id)

    def page(self, experiment_id: UUID, *, limit: int, before: int | None = None) -> TreatmentPage:
        """An experiment's treatments, newest first; `before` is the `next` of the page before. Raises NotFound."""
        with reading(self._engine) as connection:
            return treatments.page(connection, experiment_id, limit, before)

    def save(
        self, before: TreatmentRecord, treatment: Treatment, status: TreatmentStatus, *, error: str | None = None
    ) -> list[UUID] | None:
        """Write what has changed since `before`; the new experiments, which are to be published.

        None, and nothing is written, where somebody else has changed the treatment meanwhile.
        """
        with writing(self._engine) as connection:
            return treatments.save(connection, before, treatment, status, storable(error), self._clock())

    def cancel(self, id: UUID) -> TreatmentRecord:
        """Stop a treatment. Raises NotFound, and Conflict when it is over."""
        with writing(self._engine) as connection:
            treatments.cancel(connection, id, self._clock())
            return treatments.get(connection, id)

    def go_on(self, id: UUID) -> TreatmentRecord:
        """Let a treatment that was cancelled, or failed, run again. Raises NotFound and Conflict."""
        with writing(self._engine) as connection:
            treatments.go_on(connection, id)
            return treatments.get(connection, id)

    def due(self) -> list[UUID]:
        """The treatments that can be gone on with: something that they wait for is finished, or gone."""
        with reading(self._engine) as connection:
            return treatments.due(connection)

    def waiting_for(self, experiment_id: UUID) -> list[UUID]:
        """The running treatments that wait for an experiment."""
        with reading(self._engine) as connection:
            return treatments.with_experiment(connection, experiment_id)
