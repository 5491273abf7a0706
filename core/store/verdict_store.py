"""The store of summaries of diagnoses. Each method is one transaction, unless it is called in `reading_together`."""

from uuid import UUID

from sqlalchemy import Engine

from core.records import StoredSummary
from core.store import submissions, verdict_rows
from core.store.database import reading, writing


class VerdictStore:
    """Repository of the summaries of diagnoses, one for an experiment.

    Every method raises Unavailable while the database does not answer.

    Args:
        engine: the engine of the database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, id: UUID) -> StoredSummary | None:
        """Return the summary of an experiment's diagnosis, by one cheap query; None if there is none."""
        with reading(self._engine) as connection:
            return verdict_rows.get_by_id(connection, id)

    def put(self, id: UUID, summary: StoredSummary) -> None:
        """Store the summary of a diagnosis. The revision stays: nothing measured has changed. Raises NotFound."""
        with writing(self._engine) as connection:
            verdict_rows.put(connection, submissions.find(connection, id).number, summary)

    def due(self, rules: str, *, limit: int) -> list[UUID]:
        """Return finished experiments without a summary by the rules with this hash, newest first."""
        with reading(self._engine) as connection:
            return verdict_rows.due(connection, rules, limit)
