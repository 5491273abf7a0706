"""Pending records: what was kept of a record at its end, until several are measured together.

A record's end keeps what changes afterwards, and nothing else. The statistics of several records take little longer
than those of one: what they cost is mostly the calls, not the numbers.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from gradlab.measurement.history import SeriesLayout
from gradlab.watch.recorder import Recorder

# Records that are measured together, and the numbers that wait for it: 8 MB of float32.
MAX_PENDING, MAX_ENTRIES = 128, 2_000_000
# Seconds after which a service gets what is pending.
MAX_WAIT_SECONDS = 1.0
# What may fail while the training goes on, in the words of the warning.
GRADIENTS = "the gradients are not recorded any more"
WEIGHTS = "the weights are not recorded any more"
PROBES = "activations and signals are not recorded any more"
# The series that a probe of the model observes.
FLOWS = ("activations", "signals", "time_signals")


@dataclass(eq=False)
class KeptRecord:
    """The parts of a record that are kept at its end.

    Attributes:
        number: the record's number.
        due: kind -> the layout of each series that is due.
    """

    number: int
    due: Mapping[str, SeriesLayout]

    @property
    def has_flows(self) -> bool:
        """True if something that a probe observes is due."""
        return not self.due.keys().isdisjoint(FLOWS)


class Waiting(Protocol):
    """The parts of a record that are kept at its end."""

    @property
    def entries(self) -> int:
        """The numbers that it holds, about."""


Kept = TypeVar("Kept", bound=Waiting)


class Pending(Generic[Kept]):
    """Records that are not measured yet, in their order."""

    def __init__(self) -> None:
        self._kept: list[Kept] = []
        self._entries = self._measured = 0
        self._taken_at = time.monotonic()
        self._lock = threading.RLock()

    def add(self, kept: Kept) -> None:
        """Add a record."""
        self._kept.append(kept)
        self._entries += kept.entries

    def are_due(self, is_awaited: bool) -> bool:
        """True if the records are to be measured: they are many, or somebody waits for them.

        The first ones are measured at once, as what they show of the wiring is told then; later as many together as
        were measured before.
        """
        is_late = is_awaited and time.monotonic() - self._taken_at > MAX_WAIT_SECONDS
        most = min(MAX_PENDING, max(1, self._measured))
        return len(self._kept) > 0 and (is_late or len(self._kept) >= most or self._entries >= MAX_ENTRIES)

    def give(self, measure: Callable[[list[Kept]], object]) -> None:
        """Give the records, which are pending no more, to a function that measures them; if there are any.

        In another thread, which reads the records, it waits: they are measured in their order.
        """
        with self._lock:
            kept, self._kept, self._entries, self._taken_at = self._kept, [], 0, time.monotonic()
            self._measured += len(kept)
            if kept:
                measure(kept)


class PendingRecords(ABC, Generic[Kept]):
    """The records of a training from their ends on, which are measured several at a time and given to the recorder.

    Args:
        recorder: gets the records.
        attempt: runs a function of a part, and keeps its errors from the training.
        lost: what is lost if measuring raises, in the words of the warning.
    """

    def __init__(self, recorder: Recorder, attempt: Callable[..., Any], lost: str) -> None:
        self._recorder, self._attempt, self._lost = recorder, attempt, lost
        self._pending: Pending[Kept] = Pending()
        recorder.measure_pending()  # those of a training before
        recorder.measure_pending = self.measure

    def add(self, kept: Kept) -> None:
        """Add a record, and measure the records that are due."""
        self._pending.add(kept)
        if self._pending.are_due(self._recorder.sends):
            self.measure()

    def measure(self) -> None:
        """Measure all pending records together."""
        self._pending.give(lambda pending: self._attempt(self._lost, self._measure, pending))

    @abstractmethod
    def _measure(self, pending: list[Kept]) -> None:
        """Measure records, and give them to the recorder."""
