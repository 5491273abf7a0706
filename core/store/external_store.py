"""The door to what trainings elsewhere send. Each method is one transaction."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine

from core.records import Experiment
from core.store import received, submissions
from core.store.database import writing
from core.store.storable import storable
from gradlab.measurement.history import History


class ExternalStore:
    """Keeps what is sent of experiments that are trained elsewhere.

    Every method raises Unavailable when the database does not answer, NotFound where there is no such experiment or
    seed, and Conflict where the experiment is trained here, or takes nothing more.

    Args:
        engine: of the database in which the experiments are.
        clock: says what time it is, in UTC.
        silence: a sender that has sent nothing for so long counts as silent.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime], silence: timedelta) -> None:
        self._engine, self._clock, self._silence = engine, clock, silence

    def receive(self, id: UUID, seed: int, history: History) -> Experiment:
        """Store a run's next epochs, and note that something was heard: sent again, they change nothing.

        Epochs that are stored already are compared with what is sent; those behind them are stored. A history without
        epochs only says that its sender lives, and what it believes to come next.

        Raises:
            Misplaced: the epochs would leave a gap, or differ from those that are stored.
        """
        with writing(self._engine) as connection:
            received.receive(connection, id, seed, history, self._clock() + self._silence)
            return submissions.get(connection, id)

    def end(self, id: UUID, seed: int, error: str | None) -> Experiment:
        """End a run, as completed or, with an error, as failed; with the last one the experiment ends.

        Raises:
            Conflict: the run has ended otherwise.
        """
        with writing(self._engine) as connection:
            received.end(connection, id, seed, storable(error), self._clock(), self._silence)
            return submissions.get(connection, id)
