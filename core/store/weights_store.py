"""The store of uploaded weights. Each method is one transaction."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError

from core.store import weights_rows
from core.store.database import page_of, reading, writing
from core.store.uses import check_unused
from core.store.weights_tables import uploaded_weights, weights_uses
from core.weights import WeightsPage, WeightsRecord
from gradlab.schemas.datasets import ID_PREFIX
from gradlab.schemas.weights import WeightsSummaryResponse


class WeightsStore:
    """Repository of uploaded weights. Their bytes are blobs, which rows name by hash.

    Every method raises Unavailable while the database does not answer.

    Args:
        engine: the engine of the database.
        clock: returns the current time in UTC.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine, self._clock = engine, clock

    def add(self, id: str, name: str, size: int, tensors: dict[str, tuple[int, ...]]) -> tuple[WeightsRecord, bool]:
        """Add weights whose bytes are stored. Return them, and True if they are new; those that are there stay.

        Args:
            id: of the weights.
            name: of new ones.
            size: of the file, in bytes.
            tensors: the shape of each tensor, in the file's order.
        """
        try:
            return self._add(id, name, size, tensors)
        except IntegrityError:
            return self._add(id, name, size, tensors)  # another request has added them since they were looked for

    def _add(self, id: str, name: str, size: int, tensors: dict[str, tuple[int, ...]]) -> tuple[WeightsRecord, bool]:
        fields = {"id": id, "name": name, "bytes": size, "created_at": self._clock()}
        fields |= {"tensors": weights_rows.write_tensors(tensors), "blob": id.removeprefix(ID_PREFIX)}
        with writing(self._engine) as connection:
            present = connection.execute(select(uploaded_weights.c.id).where(uploaded_weights.c.id == id)).first()
            if present is None:
                connection.execute(insert(uploaded_weights).values(fields))
            return weights_rows.record(weights_rows.find(connection, id)), present is None

    def get(self, id: str) -> WeightsRecord:
        """Return uploaded weights. Raises NotFound."""
        with reading(self._engine) as connection:
            return weights_rows.record(weights_rows.find(connection, id))

    def page(self, *, limit: int, before: int | None = None) -> WeightsPage:
        """Return a page of uploaded weights, newest first; `before` is `next` of the preceding page."""
        query, number = select(uploaded_weights), uploaded_weights.c.number
        with reading(self._engine) as connection:
            summaries, following = page_of(connection, query, number, _summary, limit=limit, before=before)
        return WeightsPage(tuple(summaries), following)

    def delete(self, id: str) -> None:
        """Delete uploaded weights.

        Raises:
            NotFound: there are no such weights.
            Conflict: specs name them; the message names their experiments.
        """
        with writing(self._engine) as connection:
            row = weights_rows.find(connection, id)
            check_unused(connection, weights_uses.c.weights, row.number, "The weights are")
            connection.execute(delete(uploaded_weights).where(uploaded_weights.c.number == row.number))


def _summary(row: Row[Any]) -> WeightsSummaryResponse:
    return weights_rows.record(row).summary
