"""The store of studies. Each method is one transaction; `core.store.study_rows` holds their statements."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from core.store import study_reading, study_rows, study_stopping
from core.store.database import reading, writing
from core.store.storable import storable
from core.study import Cell, CellPlace, CellResult, Drawn, Pruned, StudyPage, StudyRecord, measured_key
from gradlab.schemas.status import CellStatus, StudyStatus
from gradlab.schemas.studies import StudyStop
from gradlab.spec.study import Point, StudySpec


class StudyStore:
    """Repository of studies, their cells, and the experiments of these.

    Every method raises Unavailable while the database does not answer.

    Args:
        engine: the engine of the database.
        clock: returns the current time in UTC.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine, self._clock = engine, clock
        self._best_positions: study_reading.BestPositions = {}

    def add(
        self, spec: StudySpec, points: Collection[Point], *, idempotency_key: str | None = None
    ) -> tuple[StudyRecord, bool]:
        """Add a study whose cells wait at these points. Return it, and True if it is new.

        Raises:
            Conflict: the idempotency key was used for another study.
        """
        try:
            return self._add(spec, points, idempotency_key)
        except IntegrityError:
            if not idempotency_key:
                raise
            return self._add(spec, points, idempotency_key)  # another request has used the key since it was read

    def _add(self, spec: StudySpec, points: Collection[Point], key: str | None) -> tuple[StudyRecord, bool]:
        with writing(self._engine) as connection:
            earlier = study_rows.added_with(connection, key, spec) if key else None
            made = earlier or study_rows.add(connection, spec, points, key, self._clock())
            return study_reading.get(connection, made), earlier is None

    def get(self, id: UUID) -> StudyRecord:
        """Return a study. Raises NotFound."""
        with reading(self._engine) as connection:
            return study_reading.get(connection, id)

    def page(self, *, limit: int, before: int | None = None, statuses: Collection[StudyStatus] = ()) -> StudyPage:
        """Return a page of studies, newest first; `before` is `next` of the preceding page."""
        with reading(self._engine) as connection:
            return study_reading.page(connection, limit, before, statuses)

    def cells(self, id: UUID) -> tuple[Cell, ...]:
        """Return all cells of a study by position and batch. Raises NotFound."""
        with reading(self._engine) as connection:
            return study_reading.cells_of(connection, id)

    def best(self, id: UUID) -> tuple[Cell, ...]:
        """Return the batches of seeds of a study's best cell; none before a cell has a result. Raises NotFound."""
        with reading(self._engine) as connection:
            return study_reading.best_of(connection, id, self._best_positions)

    def states(self, ids: Sequence[UUID]) -> dict[UUID, tuple[int, int]]:
        """Return `state` of the records of those of the studies that exist, by one cheap query."""
        with reading(self._engine) as connection:
            return study_reading.states(connection, ids)

    def changed(self, id: UUID, *, since: int, after: int, limit: int) -> tuple[Cell, ...]:
        """Return the first cells beyond a position that are under way or have changed since a revision.

        Args:
            id: the study.
            since: the revision.
            after: the position; -1 for all cells.
            limit: maximum number of positions. Each comes with all its batches of seeds.
        """
        with reading(self._engine) as connection:
            return study_reading.changed(connection, id, since, after, limit)

    def over(self, id: UUID, *, limit: int) -> tuple[Cell, ...]:
        """Return the first cells whose experiments have ended or were deleted, and were not read yet."""
        with reading(self._engine) as connection:
            return study_reading.over(connection, id, limit)

    def waiting(self, id: UUID, *, limit: int) -> tuple[Cell, ...]:
        """Return the first waiting cells."""
        with reading(self._engine) as connection:
            return study_reading.waiting(connection, id, limit)

    def due(self) -> list[UUID]:
        """Return the studies with a result that was not read, or that are running with no cell under way."""
        with reading(self._engine) as connection:
            return study_reading.due(connection)

    def waiting_for(self, experiment_id: UUID) -> list[UUID]:
        """Return the studies with a cell that waits for an experiment."""
        with reading(self._engine) as connection:
            return study_reading.waiting_for(connection, experiment_id)

    def draw(self, before: StudyRecord, drawn: Sequence[Drawn]) -> list[UUID] | None:
        """Give cells their experiments. Return the new ones, which the caller publishes.

        Returns None and writes nothing if another process has changed the study since `before`.
        """
        with writing(self._engine) as connection:
            return study_rows.draw(connection, before, drawn, self._clock())

    def collect(
        self,
        id: UUID,
        cell: Cell,
        status: CellStatus,
        *,
        result: CellResult | None = None,
        seconds: float | None = None,
        error: str | None = None,
    ) -> None:
        """Write what a cell's experiment shows, unless another process has; `waiting`: it is drawn again."""
        values = {"status": status, "result": result, "seconds": seconds, "error": storable(error)}
        with writing(self._engine) as connection:
            study_rows.collect(connection, id, cell, **values)  # type: ignore[arg-type]

    def prune(self, id: UUID, cell: Cell, pruned: Pruned) -> bool:
        """Cancel the experiment of a cell that is pruned. Return False if it is under way no more, or others share it.

        The cell is `pruned` once the training has stopped and `collect` was called.
        """
        with writing(self._engine) as connection:
            return study_stopping.prune(connection, id, cell, pruned, self._clock())

    def finish(self, before: StudyRecord, status: StudyStatus, stopped: StudyStop, error: str | None = None) -> bool:
        """End a study. Return False and write nothing if another process has changed it since `before`."""
        with writing(self._engine) as connection:
            return study_rows.finish(connection, before, status, stopped, error, self._clock())

    def halt(self, id: UUID, status: StudyStatus) -> StudyRecord:
        """Pause or cancel a study. Raises NotFound and Conflict."""
        with writing(self._engine) as connection:
            study_stopping.halt(connection, id, status, self._clock())
            return study_reading.get(connection, id)

    def resume(self, id: UUID) -> StudyRecord:
        """Continue a study that was paused or cancelled, or has failed. Raises NotFound and Conflict."""
        with writing(self._engine) as connection:
            study_stopping.resume(connection, id)
            return study_reading.get(connection, id)

    def extend(
        self, before: StudyRecord, spec: StudySpec, added: Iterable[tuple[CellPlace, Point, Sequence[int]]]
    ) -> StudyRecord | None:
        """Replace a study's spec and add waiting cells; one that has ended is running again.

        Returns None and writes nothing if another process has changed the study since `before`.
        """
        with writing(self._engine) as connection:
            row = study_reading.find(connection, before.id)
            if row.revision != before.revision:
                return None
            values = {"spec": spec.model_dump_json(), "measured": measured_key(spec)}
            if row.status == StudyStatus.paused:
                values["status"] = StudyStatus.paused
            study_rows.reopen(connection, row, **values)
            study_rows.add_cells(connection, row.number, added)
            return study_reading.get(connection, before.id)

    def delete(self, id: UUID) -> None:
        """Delete a study; the finished experiments of its cells stay. Raises NotFound."""
        with writing(self._engine) as connection:
            study_stopping.remove(connection, id, self._clock())
