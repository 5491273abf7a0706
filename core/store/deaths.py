"""Processes that died while they trained: what is written about it, and what becomes of the experiment.

A lease that runs out says only that nobody has been heard. Where a worker's main process has seen its child die, the
experiment need not wait for that, and whoever reads of it learns what happened.
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

# An experiment whose process was killed for memory is tried once more, alone on its machine.
MAX_MEMORY_DEATHS = 2
# Whose own arrays take less does not fill a machine: a process that trains the smallest network takes 0.9 GB itself.
# Such a one that is killed, was so by somebody, unless the system counted it among those that it killed for memory.
MIN_SUSPECT_BYTES = 150_000_000


@dataclass(frozen=True)
class Death:
    """How a process that trained came to its end.

    Attributes:
        signal: the number of the signal that ended it; None if it exited by itself.
        out_of_memory: whether the system says that it has killed a process for want of memory.
        resident_bytes: its size in memory when it was last looked at; None where that is not known.
    """

    signal: int | None
    out_of_memory: bool
    resident_bytes: int | None

    def is_for_memory(self, spec: ExperimentSpec) -> bool:
        """Whether memory was missing: certainly, or most likely."""
        return self.out_of_memory or (self.signal == signal.SIGKILL and own_bytes(spec) >= MIN_SUSPECT_BYTES)

    def describe(self, attempt: int, spec: ExperimentSpec) -> str:
        """One sentence about what happened, and one about what can be done where memory was missing."""
        size = f" It held {self.resident_bytes / MEGABYTE:,.0f} MB when last seen" if self.resident_bytes else ""
        if not self.is_for_memory(spec):
            how = f"was ended by {_name(self.signal)}" if self.signal else "exited by itself"
            return f"Attempt {attempt} was lost: its process {how}.{size}{'.' if size else ''}"
        why = "killed by the system for want of memory" if self.out_of_memory else "killed, most likely for memory"
        return f"Attempt {attempt} was {why}.{size}{'.' if size else ''} {advice(spec)}"


class DeathStore:
    """Takes note of processes that died. Every method is one transaction, and raises Unavailable.

    Args:
        engine: of the database in which the experiments are.
        clock: says what time it is, in UTC.
        max_attempts: an experiment fails after so many attempts in a row that brought no newer checkpoint.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime], max_attempts: int) -> None:
        self._engine, self._clock, self._max_attempts = engine, clock, max_attempts

    def requeue_or_fail(self, id: UUID, *, worker: str, death: Death) -> bool:
        """Take an experiment from a worker that has died: it waits for another, or fails. Says whether it had one.

        One whose process was killed for memory `MAX_MEMORY_DEATHS` times fails, wherever it got to each time.
        """
        mine = (experiments.c.id == id, experiments.c.status == Status.running, experiments.c.worker == worker)
        with writing(self._engine) as connection:
            row = connection.execute(select(experiments).where(*mine).with_for_update()).one_or_none()
            if row is not None:
                happened, values = _judged(row, death)
                claims.requeue_or_fail(
                    connection, row, self._clock(), self._max_attempts, happened=happened, values=values
                )
        return row is not None

    def needs_the_machine(self, id: UUID) -> bool:
        """Whether an experiment is to be trained alone, since its process was killed for memory before."""
        with reading(self._engine) as connection:
            query = select(experiments.c.memory_deaths).where(experiments.c.id == id)
            return bool(connection.execute(query).scalar())


def _judged(row: Row[Any], death: Death) -> tuple[str, dict[str, Any]]:
    """What is said of a death, and what it changes in the experiment's row."""
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
