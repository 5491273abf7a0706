"""Deaths of training processes: their causes, and the experiments that they leave behind.

An expired lease shows only that a worker is silent. A worker's main process which sees its child die reports it here:
the experiment is requeued at once, and its error states the cause.
"""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Row, select

from core.plan.lighter import MEGABYTE, advice, own_bytes
from core.store import claims
from core.store.database import reading, writing
from core.store.submissions import read_spec
from core.store.tables import experiments
from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec

# An experiment whose process ran out of memory is trained once more, alone on its machine.
MAX_MEMORY_DEATHS = 2
# A training whose own arrays are estimated below this does not exhaust a machine's memory: its process takes 0.9 GB
# for the smallest network as well. If it is killed, memory is blamed only if the system counted an out-of-memory kill.
MIN_SUSPECT_BYTES = 150_000_000


@dataclass(frozen=True)
class Death:
    """The end of a training process.

    Attributes:
        signal: number of the signal that ended it; None if it exited by itself.
        out_of_memory: True if the system has counted an out-of-memory kill.
        resident_bytes: its size in memory when last measured; None if it was never measured.
    """

    signal: int | None
    out_of_memory: bool
    resident_bytes: int | None

    def is_for_memory(self, spec: ExperimentSpec) -> bool:
        """Return True if the process died for lack of memory, certainly or most likely."""
        return self.out_of_memory or (self.signal == signal.SIGKILL and own_bytes(spec) >= MIN_SUSPECT_BYTES)

    def describe(self, attempt: int, spec: ExperimentSpec) -> str:
        """Describe the death in one sentence; if memory was missing, add what would make the training smaller."""
        size = f" It held {self.resident_bytes / MEGABYTE:,.0f} MB when last seen" if self.resident_bytes else ""
        if not self.is_for_memory(spec):
            how = f"was ended by {_name(self.signal)}" if self.signal else "exited by itself"
            return f"Attempt {attempt} was lost: its process {how}.{size}{'.' if size else ''}"
        why = "killed by the system for want of memory" if self.out_of_memory else "killed, most likely for memory"
        return f"Attempt {attempt} was {why}.{size}{'.' if size else ''} {advice(spec)}"


class DeathStore:
    """Repository of deaths of training processes. Every method is one transaction, and raises Unavailable.

    Args:
        engine: the engine of the database.
        clock: returns the current time in UTC.
        max_attempts: an experiment fails after this many attempts in a row without a newer checkpoint.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime], max_attempts: int) -> None:
        self._engine, self._clock, self._max_attempts = engine, clock, max_attempts

    def requeue_or_fail(self, *, worker: str, death: Death) -> list[UUID]:
        """Requeue or fail what a worker that has died was training, a triage beside it too. Return the experiments.

        An experiment whose process ran out of memory `MAX_MEMORY_DEATHS` times fails, with any progress between.
        """
        mine = (experiments.c.status == Status.running, experiments.c.worker == worker)
        with writing(self._engine) as connection:
            rows = connection.execute(select(experiments).where(*mine).with_for_update()).all()
            for row in rows:
                happened, values = _consequences(row, death)
                claims.requeue_or_fail(
                    connection, row, self._clock(), self._max_attempts, happened=happened, values=values
                )
        return [row.id for row in rows]

    def needs_the_machine(self, id: UUID) -> bool:
        """Return True if an experiment has to be trained alone, because its process ran out of memory before."""
        with reading(self._engine) as connection:
            query = select(experiments.c.memory_deaths).where(experiments.c.id == id)
            return bool(connection.execute(query).scalar())


def _consequences(row: Row[Any], death: Death) -> tuple[str, dict[str, Any]]:
    """Return the error of the attempt, and the changes of the experiment's row."""
    spec = read_spec(row.spec)
    happened = death.describe(row.attempt, spec)
    if not death.is_for_memory(spec):
        return happened, {}
    values: dict[str, Any] = {"memory_deaths": row.memory_deaths + 1}
    if values["memory_deaths"] >= MAX_MEMORY_DEATHS:
        again = f"It was tried once more, alone, and this happened again. {happened}"
        values |= {"status": Status.failed, "error": again}
    return happened, values


def _name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
