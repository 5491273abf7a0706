"""What is told of one experiment: a short log that all listeners share, and the store for whoever is behind it."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

import structlog

from api.live.event import findings_event, status_data, written
from api.live.position import NOTHING, Position, Reached, Stage, furthest
from api.live.slices import EpochReader
from core.records import Experiment
from core.store import ExperimentStore
from core.use_cases import experiments
from gradlab.errors import LabError, NotFound
from gradlab.schemas.events import DoneEvent, FindingsEvent
from gradlab.schemas.status import Status

log = structlog.get_logger()

# What the log holds at most; a listener that is further behind reads from the store instead, at its own pace, and so
# many slices of it are remembered for others who are: some 8 MB of text each, and about twice that with what goes with
# it.
MAX_LOG_BYTES, MAX_SHARED = 8_000_000, 128
# So many bytes are sent together at most, unless one event has more: a send costs more than what it sends.
MAX_AT_ONCE = 60_000
# A diagnosis is asked for at most so often, and takes at most this share of one core.
DIAGNOSIS_SECONDS, DIAGNOSIS_SHARE = 3.0, 0.03


@dataclass(frozen=True)
class Entry:
    """One event of the log: where a stream stands after it, and its text."""

    position: Position
    text: bytes

    @property
    def tells_findings(self) -> bool:
        """Whether findings are what it tells."""
        return self.position.stage in (Stage.known_findings, Stage.findings)


@dataclass(frozen=True)
class FeedState:
    """What a feed knows after one of its log's entries, or at its beginning.

    Attributes:
        number: of that entry, counted from 1.
        position: after it.
        experiment: as it was then.
        findings: the last diagnosis, and where it was made.
    """

    number: int
    position: Position
    experiment: Experiment
    findings: tuple[Position, FindingsEvent] | None
    over: bool


class Feed:
    """The events of one experiment, from the moment at which somebody listens.

    What reads the database (`look`, `diagnose`, `missed`) runs in a thread; everything else belongs to the event loop.
    """

    def __init__(self, experiment: Experiment, store: ExperimentStore) -> None:
        self._epoch_reader = EpochReader(experiment, store.layout(experiment.id), store)
        self._store = store
        self._entries: deque[tuple[Entry, FeedState]] = deque()
        self._bytes = 0
        self.news = asyncio.Event()  # set when there is something new, and then replaced
        self._diagnosed: int | None = None
        self._diagnosis_due = 0.0
        self.listeners = 0
        position = Position(experiment.revision, _stored(experiment), Stage.epochs)
        self.known = FeedState(0, position, experiment, None, over=False)
        self._before_first = self.known
        self._reading = threading.Lock()
        self._read = lru_cache(maxsize=MAX_SHARED)(self._read_slice)

    @property
    def id(self) -> UUID:
        """Whose events."""
        return self.known.experiment.id

    # In a thread.

    def look(self) -> tuple[Experiment, list[Entry]]:
        """The experiment as it is now, and what is new. Raises NotFound."""
        experiment, before = self._store.get(self.id), self.known.position
        entries = [_entry(experiment.revision, before.reached, Stage.status, status_data(experiment))]
        epoch_reader = EpochReader(experiment, self._epoch_reader.layout, self._store)
        for reached, event in epoch_reader.slices(before.reached, furthest(before.reached, _stored(experiment))):
            entries.append(_entry(experiment.revision, reached, Stage.epochs, event))
        return experiment, entries

    def diagnose(self) -> FindingsEvent | None:
        """What is wrong so far; None where that cannot be said."""
        try:
            _, found = experiments.diagnose(self.id, store=self._store)
        except NotFound:
            return None
        except LabError:
            raise
        except Exception:
            log.exception("diagnosis_failed", experiment_id=str(self.id))  # the stream goes on without
            return None
        return findings_event(self.id, found)

    def missed(self, after: Position | None, findings: Position | None, known: FeedState) -> Iterator[Entry]:
        """What a listener has missed, up to what was known: from the store, a slice at a time.

        Args:
            after: where the listener stands; None at the beginning.
            findings: where it was told findings, or may have been; None if it was not.
            known: up to where it is told.
        """
        here, begin = known.position, after.reached if after else (NOTHING,) * len(known.position.reached)
        revision, reached = here.revision, begin
        if after is None or revision > after.revision:
            yield _entry(revision, begin, Stage.status, status_data(known.experiment))
        while entry := self._shared(revision, reached, here.reached):
            yield entry
            reached = entry.position.reached
        if furthest(reached, here.reached) != reached and not known.over:
            return  # a run was set back to its checkpoint: what is missing will come
        if known.findings and (findings is None or _tells(known.findings[0], findings)):
            yield _entry(revision, reached, Stage.known_findings, known.findings[1])
        if known.over:
            done = DoneEvent(experiment_id=self.id, status=known.experiment.status)
            yield _entry(revision, reached, Stage.done, done)

    def _shared(self, revision: int, begin: Reached, end: Reached) -> Entry | None:
        """The next slice of what is missed: read once for all who miss it, as many do who come together."""
        try:
            with self._reading:
                return self._read(revision, begin, end)
        except _NotStored:
            return None

    def _read_slice(self, revision: int, begin: Reached, end: Reached) -> Entry:
        found = self._epoch_reader.slice(begin, end)
        if found is None:
            raise _NotStored  # which is not remembered: it may be soon
        return _entry(revision, found[0], Stage.epochs, found[1])

    # On the event loop.

    def publish(self, entries: list[Entry], **news: Any) -> None:
        """Add to the log what all are told, drop what is old, and wake the listeners."""
        self.known = replace(self.known, **news)
        for entry in entries:
            self.known = replace(self.known, number=self.known.number + 1, position=entry.position)
            self._entries.append((entry, self.known))
            self._bytes += len(entry.text)
        while self._bytes > MAX_LOG_BYTES:
            dropped, self._before_first = self._entries.popleft()
            self._bytes -= len(dropped.text)
        self.wake()

    def publish_findings(self, found: FindingsEvent | None, seconds: float) -> None:
        """Tell what the diagnosis says, unless it was told before; `seconds` is what it took."""
        self._diagnosed = self.known.position.revision
        self._diagnosis_due = time.monotonic() + max(DIAGNOSIS_SECONDS, seconds / DIAGNOSIS_SHARE)
        if found is None or (self.known.findings and self.known.findings[1] == found):
            return
        here = self.known.position
        entry = _entry(here.revision, here.reached, Stage.findings, found)
        self.publish([entry], findings=(entry.position, found))

    def end(self, status: Status | Literal["deleted"]) -> None:
        """Tell that nothing follows."""
        here = self.known.position
        done = DoneEvent(experiment_id=self.id, status=status)
        self.publish([_entry(here.revision, here.reached, Stage.done, done)], over=True)

    @property
    def wants_diagnosis(self) -> bool:
        """Whether there is something to be diagnosed that was not: at once where nothing will follow."""
        news = self._diagnosed != self.known.position.revision and max(self.known.position.reached) > NOTHING
        return news and (self.known.experiment.status.is_finished or time.monotonic() >= self._diagnosis_due)

    def forget(self) -> None:
        """Let go of what is remembered for others, at once: nobody listens any more."""
        self._read.cache_clear()

    def after(self, number: int) -> list[Entry]:
        """The entries that follow one: some at a time, where they are many."""
        found, size = [], 0
        for place in range(number - self._before_first.number, len(self._entries)):
            entry, _ = self._entries[place]
            found.append(entry)
            size += len(entry.text)
            if size >= MAX_AT_ONCE:
                break
        return found

    def holds(self, number: int) -> bool:
        """Whether the log still holds everything that follows an entry."""
        return number >= self._before_first.number

    def catch_up(self, after: Position | None) -> FeedState:
        """From where on the log serves somebody who stands at a position: the earliest that is not behind it."""
        later = (self._before_first, *(known for _, known in self._entries))
        return next((known for known in later if after is None or known.position.is_at_or_after(after)), self.known)

    def wake(self) -> None:
        """Wake the listeners."""
        self.news.set()
        self.news = asyncio.Event()


class _NotStored(Exception):
    """Nothing is stored between two positions."""


def _tells(made: Position, told: Position) -> bool:
    """Whether findings made at one position are none that were told at another, in whatever order epochs came."""
    return (made.revision, Stage.known_findings) > (told.revision, told.stage)


def _stored(experiment: Experiment) -> tuple[int, ...]:
    """The last stored epoch of each run."""
    return tuple(NOTHING if run.final_metrics is None else run.epochs_done for run in experiment.runs)


def _entry(revision: int, reached: tuple[int, ...], stage: Stage, data: object) -> Entry:
    position = Position(revision, reached, stage)
    return Entry(position, written(position, data))  # type: ignore[arg-type]
