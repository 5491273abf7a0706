"""Events of one experiment: a short log that all listeners share. Listeners that fall behind it read from the store."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

import structlog

from api.live.event import encode_event, findings_event, status_data
from api.live.position import NOTHING, Position, Reached, Stage, furthest
from api.live.slices import EpochReader
from api.live.streams import SharedFeed
from core.records import Experiment
from core.store import ExperimentStore
from core.use_cases import diagnoses
from gradlab.errors import LabError, NotFound
from gradlab.schemas.events import DoneEvent, FindingsEvent
from gradlab.schemas.status import Status

log = structlog.get_logger()

# Maximum size of the log. A listener that falls further behind reads from the store, at its own pace. The last slices
# read are cached for other listeners. Log and cache hold some 8 MB of text each, with their objects about twice that.
MAX_LOG_BYTES, MAX_CACHED_SLICES = 8_000_000, 128
# Maximum number of bytes sent together, unless one event has more. Events are grouped because each send has a cost.
MAX_SEND_BYTES = 60_000
# Minimum interval between two diagnoses, and the share of one core that they may take.
DIAGNOSIS_SECONDS, DIAGNOSIS_SHARE = 3.0, 0.03


@dataclass(frozen=True)
class Entry:
    """One event of the log: the position of a stream after it, and its text."""

    position: Position
    text: bytes

    @property
    def has_findings(self) -> bool:
        """True if the event contains findings."""
        return self.position.stage in (Stage.earlier_findings, Stage.findings)


@dataclass(frozen=True)
class FeedState:
    """State of a feed after an entry of its log, or at its beginning.

    Attributes:
        number: number of the entry, counted from 1; 0 at the beginning.
        position: position after the entry.
        experiment: the experiment at that time.
        findings: the last diagnosis, and the position at which it was made; None if there is none.
        over: True if no event follows.
    """

    number: int
    position: Position
    experiment: Experiment
    findings: tuple[Position, FindingsEvent] | None
    over: bool


class Feed(SharedFeed):
    """Events of one experiment, for as long as it has listeners.

    The methods that read the database (`poll`, `diagnose`, `missed`) run in a thread; all others on the event loop.
    """

    def __init__(self, experiment: Experiment, store: ExperimentStore) -> None:
        super().__init__()
        self._epoch_reader = EpochReader(experiment, store.layout(experiment.id), store)
        self._store = store
        self._entries: deque[tuple[Entry, FeedState]] = deque()
        self._bytes = 0
        self._diagnosed: int | None = None
        self._diagnosis_due = 0.0
        position = Position(experiment.revision, _stored(experiment), Stage.epochs)
        self.state = FeedState(0, position, experiment, None, over=False)
        self._before_first = self.state
        self._reading = threading.Lock()
        self._read = lru_cache(maxsize=MAX_CACHED_SLICES)(self._read_slice)

    @property
    def id(self) -> UUID:
        """Id of the experiment."""
        return self.state.experiment.id

    @property
    def is_over(self) -> bool:
        """True if no event follows."""
        return self.state.over

    # Methods that run in a thread.

    def poll(self) -> tuple[Experiment, list[Entry]]:
        """Read the experiment, and the entries that are new.

        Raises:
            NotFound: the experiment was deleted.
        """
        experiment, before = self._store.get(self.id), self.state.position
        entries = [_entry(experiment.revision, before.reached, Stage.status, status_data(experiment))]
        epoch_reader = EpochReader(experiment, self._epoch_reader.layout, self._store)
        for reached, event in epoch_reader.slices(before.reached, furthest(before.reached, _stored(experiment))):
            entries.append(_entry(experiment.revision, reached, Stage.epochs, event))
        return experiment, entries

    def diagnose(self) -> FindingsEvent | None:
        """Diagnose the experiment as it is now; None if it was deleted, or the diagnosis failed."""
        try:
            _, diagnosis = diagnoses.diagnose(self.id, store=self._store)
            return findings_event(self.id, diagnosis)
        except NotFound:
            return None
        except LabError:
            raise
        except Exception:
            log.exception("diagnosis_failed", experiment_id=str(self.id))  # the stream continues without findings
            return None

    def missed(self, after: Position | None, findings: Position | None, until: FeedState) -> Iterator[Entry]:
        """Iterate over the events that a listener has missed, up to a state of the feed, in slices from the store.

        Args:
            after: position of the listener; None at the beginning.
            findings: position at which the listener may have received findings; None if it has received none.
            until: the state of the feed up to which events are read.
        """
        target = until.position
        revision, reached = target.revision, after.reached if after else (NOTHING,) * len(target.reached)
        if after is None or revision > after.revision:
            yield _entry(revision, reached, Stage.status, status_data(until.experiment))
        while entry := self._cached_slice(revision, reached, target.reached):
            yield entry
            reached = entry.position.reached
        if furthest(reached, target.reached) != reached and not until.over:
            return  # a run was set back to its checkpoint: the missing epochs will be stored again
        if until.findings and (findings is None or _is_newer(until.findings[0], findings)):
            yield _entry(revision, reached, Stage.earlier_findings, until.findings[1])
        if until.over:
            done = DoneEvent(experiment_id=self.id, status=until.experiment.status)
            yield _entry(revision, reached, Stage.done, done)

    def _cached_slice(self, revision: int, begin: Reached, end: Reached) -> Entry | None:
        """Read the next missed slice; None if nothing is stored. It is read once for all listeners that miss it."""
        try:
            with self._reading:
                return self._read(revision, begin, end)
        except _NotStored:
            return None

    def _read_slice(self, revision: int, begin: Reached, end: Reached) -> Entry:
        next_slice = self._epoch_reader.slice(begin, end)
        if next_slice is None:
            raise _NotStored  # an exception is not cached: the epochs may be stored later
        reached, event = next_slice
        return _entry(revision, reached, Stage.epochs, event)

    # Methods that run on the event loop.

    def publish(self, entries: list[Entry], **changes: Any) -> None:
        """Append entries to the log, drop the oldest beyond its bound, and wake the listeners.

        Args:
            entries: the new entries.
            changes: fields of the feed's state that have changed.
        """
        self.state = replace(self.state, **changes)
        for entry in entries:
            self.state = replace(self.state, number=self.state.number + 1, position=entry.position)
            self._entries.append((entry, self.state))
            self._bytes += len(entry.text)
        while self._bytes > MAX_LOG_BYTES:
            dropped, self._before_first = self._entries.popleft()
            self._bytes -= len(dropped.text)
        self.wake()

    def publish_findings(self, findings: FindingsEvent | None, seconds: float) -> None:
        """Publish findings, unless they equal the last ones; `seconds` is the time that the diagnosis took."""
        self._diagnosed = self.state.position.revision
        self._diagnosis_due = time.monotonic() + max(DIAGNOSIS_SECONDS, seconds / DIAGNOSIS_SHARE)
        if findings is None or (self.state.findings and self.state.findings[1] == findings):
            return
        position = self.state.position
        entry = _entry(position.revision, position.reached, Stage.findings, findings)
        self.publish([entry], findings=(entry.position, findings))

    def end(self, status: Status | Literal["deleted"]) -> None:
        """Publish the last event: the experiment has ended, or was deleted."""
        position = self.state.position
        done = DoneEvent(experiment_id=self.id, status=status)
        self.publish([_entry(position.revision, position.reached, Stage.done, done)], over=True)

    @property
    def is_diagnosis_due(self) -> bool:
        """True if there are epochs without a diagnosis, and the interval has passed or the experiment has finished."""
        has_news = self._diagnosed != self.state.position.revision and max(self.state.position.reached) > NOTHING
        return has_news and (self.state.experiment.status.is_finished or time.monotonic() >= self._diagnosis_due)

    def forget(self) -> None:
        """Clear the cache: the last listener has left."""
        self._read.cache_clear()

    def after(self, number: int) -> list[Entry]:
        """Return the entries that follow entry `number`, up to MAX_SEND_BYTES of text."""
        entries, size = [], 0
        for index in range(number - self._before_first.number, len(self._entries)):
            entry, _ = self._entries[index]
            entries.append(entry)
            size += len(entry.text)
            if size >= MAX_SEND_BYTES:
                break
        return entries

    def holds(self, number: int) -> bool:
        """True if the log holds all entries that follow entry `number`."""
        return number >= self._before_first.number

    def catch_up(self, after: Position | None) -> FeedState:
        """Return the earliest state of the log from which it serves a listener at `after`."""
        states = (self._before_first, *(state for _, state in self._entries))
        return next((state for state in states if after is None or state.position.is_at_or_after(after)), self.state)


class _NotStored(Exception):
    """Nothing is stored between two positions."""


def _is_newer(made: Position, received: Position) -> bool:
    """True if a listener at `received` has not received the findings made at `made`. The order of epochs is ignored."""
    return (made.revision, Stage.earlier_findings) > (received.revision, received.stage)


def _stored(experiment: Experiment) -> tuple[int, ...]:
    """Return the last stored epoch of each run."""
    return tuple(NOTHING if run.final_metrics is None else run.epochs_done for run in experiment.runs)


def _entry(revision: int, reached: tuple[int, ...], stage: Stage, data: object) -> Entry:
    position = Position(revision, reached, stage)
    return Entry(position, encode_event(position, data))  # type: ignore[arg-type]
