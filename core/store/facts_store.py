"""The store of what rules need to know of the samples. Each method is one transaction."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine

from core.store import facts_rows, received, submissions
from core.store.database import reading, writing
from gradlab.errors import NotFound
from gradlab.facts import Facts, Wiring
from gradlab.spec import ExperimentSpec

# A worker that was asked for facts has them within seconds. After this long its message counts as lost.
AGAIN_AFTER = timedelta(seconds=30)


class FactsStore:
    """Repository of facts and wirings.

    Every method raises Unavailable while the database does not answer, and NotFound if there is no such experiment.

    Args:
        engine: the engine of the database.
        clock: returns the current time in UTC.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine, self._clock = engine, clock

    def get(self, id: UUID) -> Facts | None:
        """Return the facts of an experiment; None if there are none yet."""
        with reading(self._engine) as connection:
            return facts_rows.get(connection, submissions.find(connection, id).number)

    def wirings(self, id: UUID) -> dict[int, Wiring]:
        """Return the wiring of an experiment's runs by seed, without runs that have none."""
        with reading(self._engine) as connection:
            return facts_rows.get_wirings(connection, submissions.find(connection, id).number)

    def put(self, id: UUID, facts: Facts) -> None:
        """Store the facts that a worker has worked out, and raise the revision."""
        with writing(self._engine) as connection:
            number = submissions.find(connection, id).number
            facts_rows.put(connection, number, facts)
            submissions.change_row(connection, number, {})

    def receive(self, id: UUID, facts: Facts) -> None:
        """Store the facts that a sender has sent. Raises Conflict if the experiment is trained by this service."""
        with writing(self._engine) as connection:
            row = submissions.find(connection, id)
            submissions.submitted(row).sent_spec()
            facts_rows.put(connection, row.number, facts)
            submissions.change_row(connection, row.number, {})

    def receive_wiring(self, id: UUID, seed: int, wiring: Wiring) -> None:
        """Store the wiring of a run that a sender has sent.

        Raises:
            NotFound: there is no such experiment or seed.
            Conflict: the experiment is trained by this service.
        """
        with writing(self._engine) as connection:
            row = submissions.find(connection, id)
            submissions.submitted(row).sent_spec()
            facts_rows.put_wiring(connection, received.run_row(connection, row, seed).number, wiring)
            submissions.change_row(connection, row.number, {})

    def request(self, id: UUID) -> bool:
        """Mark facts as requested from a worker. Return True if a message about it is due."""
        with writing(self._engine) as connection:
            number = submissions.find(connection, id).number
            return facts_rows.request(connection, number, self._clock(), AGAIN_AFTER)

    def requested(self, id: UUID) -> ExperimentSpec | None:
        """Return the spec of an experiment whose facts were requested and are not there yet; else None."""
        with reading(self._engine) as connection:
            try:
                row = submissions.find(connection, id)
            except NotFound:
                return None
            spec = submissions.read_any_spec(row.spec)
            waits = isinstance(spec, ExperimentSpec) and facts_rows.is_requested(connection, row.number)
            return spec if waits and isinstance(spec, ExperimentSpec) else None
