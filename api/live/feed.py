"""What is told of one experiment: a short log that all listeners share, and the store for whoever is behind it."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import structlog

from api.live.event import DoneEvent, FindingsEvent, status_data, written
from api.live.position import NOTHING, Position, Stage, furthest
from api.live.slices import Teller
from core import experiments
from core.errors import LabError, NotFound
from core.store import Experiment, ExperimentStore, Status

log = structlog.get_logger()

# What the log holds at most; a listener that is further behind reads from the store instead, at its own pace.
MOST_LOG_BYTES = 2_000_000
# A diagnosis is asked for at most so often, and takes at most a tenth of one core.
DIAGNOSIS_SECONDS, DIAGNOSIS_SHARE = 3.0, 0.1


@dataclass(frozen=True)
class Entry:
    """One event of the log: where a stream stands after it, and its text."""

    position: Position
    text: bytes


@dataclass(frozen=True)
class Known:
    """What a feed knows at one moment.

    Attributes:
        number: of the last entry of its log, counted from 1.
        position: where the log ends.
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
        self._teller = Teller(experiment, store.layout(experiment.id), store)
        self._store = store
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self.news = asyncio.Event()  # set when there is something new, and then replaced
        self._diagnosed: int | None = None
        self._diagnosis_due = 0.0
        self.listeners = 0
        position = Position(experiment.revision, _stored(experiment), Stage.epochs)
        self.known = Known(0, position, experiment, None, over=False)

    @property
    def id(self) -> UUID:
        """Whose events."""
        return self.known.experiment.id

    # In a thread.

    def look(self) -> tuple[Experiment, list[Entry]]:
        """The experiment as it is now, and what is new. Raises NotFound."""
        experiment, before = self._store.get(self.id), self.known.position
        entries = [_entry(experiment.revision, before.reached, Stage.status, status_data(experiment))]
        teller = Teller(experiment, self._teller.layout, self._store)
        for reached, event in teller.slices(before.reached, furthest(before.reached, _stored(experiment))):
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
        return FindingsEvent.of(self.id, found)

    def missed(self, after: Position | None, known: Known) -> Iterator[Entry]:
        """What a listener has missed, up to what was known: from the store, a slice at a time."""
        here, begin = known.position, after.reached if after else (NOTHING,) * len(known.position.reached)
        revision, reached = here.revision, begin
        if after is None or revision > after.revision:
            yield _entry(revision, begin, Stage.status, status_data(known.experiment))
        for reached, event in self._teller.slices(begin, here.reached):
            yield _entry(revision, reached, Stage.epochs, event)
        if furthest(reached, here.reached) != reached and not known.over:
            return  # a run was set back to its checkpoint: what is missing will come
        if known.findings and (after is None or known.findings[0].order > after.order):
            yield _entry(revision, reached, Stage.known_findings, known.findings[1])
        if known.over:
            done = DoneEvent(experiment_id=self.id, status=known.experiment.status)
            yield _entry(revision, reached, Stage.done, done)

    # On the event loop.

    def publish(self, entries: list[Entry], **news: object) -> None:
        """Add to the log what all are told, drop what is old, and wake the listeners."""
        for entry in entries:
            self._entries.append(entry)
            self._bytes += len(entry.text)
        while self._bytes > MOST_LOG_BYTES:
            self._bytes -= len(self._entries.popleft().text)
        position = entries[-1].position if entries else self.known.position
        fields = vars(self.known) | {"number": self.known.number + len(entries), "position": position} | news
        self.known = Known(**fields)
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

    def after(self, number: int) -> Entry | None:
        """The entry that follows one."""
        place = number - self._before_first
        return self._entries[place] if place < len(self._entries) else None

    def holds(self, number: int) -> bool:
        """Whether the log still holds everything that follows an entry."""
        return number >= self._before_first

    @property
    def _before_first(self) -> int:
        return self.known.number - len(self._entries)

    def wake(self) -> None:
        """Wake the listeners."""
        self.news.set()
        self.news = asyncio.Event()


def _stored(experiment: Experiment) -> tuple[int, ...]:
    """The last stored epoch of each run."""
    return tuple(NOTHING if run.final_metrics is None else run.epochs_done for run in experiment.runs)


def _entry(revision: int, reached: tuple[int, ...], stage: Stage, data: object) -> Entry:
    position = Position(revision, reached, stage)
    return Entry(position, written(position, data))  # type: ignore[arg-type]
