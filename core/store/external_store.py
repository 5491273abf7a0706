"""The store of what trainings elsewhere send. Each method is one transaction."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine

from core.records import Experiment
from core.store import plane_rows, received, submissions
from core.store.database import reading, writing
from core.store.storable import storable
from gradlab.measurement.history import History
from gradlab.measurement.plane import Plane


class ExternalStore:
    """Repository of the series of experiments that are trained elsewhere.

    Every method raises Unavailable while the database does not answer, NotFound if there is no such experiment or seed,
    and Conflict if the experiment is trained by this service or has ended; one that has ended may go on.

    Args:
        engine: the engine of the database.
        clock: returns the current time in UTC.
        silence: a sender counts as silent after this long without a request.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime], silence: timedelta) -> None:
        self._engine, self._clock, self._silence = engine, clock, silence

    def receive(self, id: UUID, seed: int, history: History) -> Experiment:
        """Store a run's next epochs and extend the sender's lease. Idempotent.

        Epochs that are stored already are compared with those that are sent; the epochs after them are stored. A
        history without epochs is a sign of life, with the epoch that the sender would send next.

        Raises:
            Misplaced: the epochs would leave a gap, or differ from those that are stored.
        """
        with writing(self._engine) as connection:
            received.receive(connection, id, seed, history, self._clock() + self._silence)
            return submissions.get(connection, id)

    def receive_plane(self, id: UUID, seed: int, epoch: int, plane: Plane) -> None:
        """Store the outputs of a run's network over the plane after a stored epoch, in place of earlier ones.

        Raises:
            Misplaced: the epoch is not stored, or another run has other axes or outputs.
        """
        with writing(self._engine) as connection:
            received.receive_plane(connection, id, seed, epoch, plane)

    def planes(self, id: UUID) -> dict[int, tuple[int, Plane]]:
        """Return the planes of an experiment's runs by seed, each with its epoch, without runs that have none."""
        with reading(self._engine) as connection:
            return plane_rows.get(connection, submissions.find(connection, id).number)

    def end(self, id: UUID, seed: int, error: str | None) -> Experiment:
        """End a run as completed or, with an error, as failed. The last run ends the experiment.

        Raises:
            Conflict: the run has ended with another outcome.
        """
        with writing(self._engine) as connection:
            received.end(connection, id, seed, storable(error), self._clock(), self._silence)
            return submissions.get(connection, id)

    def resume(self, id: UUID, seed: int, after: int | None, epochs: int | None) -> Experiment:
        """Let a run go on after a stored epoch, by default the last one, whether or not it has ended.

        Epochs behind it are dropped. The experiment is running again.

        Args:
            id: of the experiment.
            seed: of the run.
            after: the epoch whose state the training goes on from.
            epochs: the last epoch that is planned from now on; None if that stays.

        Raises:
            Conflict: the experiment was cancelled.
            Misplaced: the epoch is not stored.
        """
        with writing(self._engine) as connection:
            received.resume(connection, id, seed, after, epochs, self._clock() + self._silence)
            return submissions.get(connection, id)
