"""Events of one study: its progress, and those of its cells that have changed."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from fastapi.sse import format_sse_event
from pydantic import BaseModel

from api.live.position import MAX_DIGITS
from api.live.streams import SharedFeed
from api.responses.studies import cell_response, summary_response
from core.store import ExperimentStore
from core.study import StudyRecord, by_position
from gradlab.schemas.events import CellsEvent, StudyDoneEvent
from gradlab.schemas.status import CellStatus, StudyStatus
from gradlab.schemas.studies import CellResponse
from gradlab.spec.study import StudySpec

# `state` of a study's record. It rises with every change.
State = tuple[int, int]
BEGINNING: State = (0, 0)
# Cells of one event: some 60 kB of text, about as much as the server buffers for a listener.
MAX_EVENT_CELLS = 100
# Size of the log. A listener that falls further behind reads from the store.
MAX_LOG_BYTES = 1_000_000
UNDER_WAY = (CellStatus.queued, CellStatus.running)


@dataclass(frozen=True)
class StudyPosition:
    """Position of a study's stream. Any process can resume the stream from it.

    Attributes:
        state: the state of the study up to which everything was sent.
        is_last: True after the last event.
    """

    state: State
    is_last: bool = False

    def __str__(self) -> str:
        """Encode as `revision.revisions`, after the last event as `revision.revisions.done`."""
        return f"{self.state[0]}.{self.state[1]}{'.done' * self.is_last}"


def read_study_position(event_id: str | None) -> StudyPosition | None:
    """Decode an event id; None if it is invalid."""
    number = rf"(\d{{1,{MAX_DIGITS}}})"
    match = re.fullmatch(rf"{number}\.{number}(\.done)?", event_id or "", re.ASCII)
    return StudyPosition((int(match[1]), int(match[2])), match[3] is not None) if match else None


@dataclass(frozen=True)
class StudyNews:
    """Events of one change: the state of the study after it, and their text."""

    state: State
    text: bytes


class StudyFeed(SharedFeed):
    """Events of one study, for as long as it has listeners.

    `poll` and `missed` read the database, in a thread; the other methods run on the event loop.
    """

    def __init__(self, id: UUID, store: ExperimentStore) -> None:
        super().__init__()
        self._id, self._store = id, store
        self._end: StudyStatus | Literal["deleted"] | None = None
        self._log: deque[StudyNews] = deque()
        self._under_way: dict[int, CellResponse] = {}
        earlier = store.studies.get(id)
        for cells in self._changed(earlier.spec, earlier.revision):
            self._keep(cells)
        # Read behind the cells: what changes from here on is not yet known of any.
        self.record = store.studies.get(id)
        self._before_first: State = self.record.state
        self._finish()

    @property
    def id(self) -> UUID:
        """Id of the study."""
        return self._id

    @property
    def is_over(self) -> bool:
        """True if no event follows."""
        return self._end is not None

    # Methods that run in a thread.

    def poll(self) -> tuple[StudyRecord, bytes]:
        """Read the study, and the text of what has changed.

        Raises:
            NotFound: the study was deleted.
        """
        record, before, texts = self._store.studies.get(self.id), StudyPosition(self.record.state), []
        # All are read before any is noted as sent: the database may stop answering between two slices.
        for cells in list(self._changed(record.spec, self.record.revision)):
            news = [cell for cell in cells if self._under_way.get(cell.position) != cell]
            self._keep(cells)
            if news:
                texts.append(_event("cells", CellsEvent(study_id=self.id, cells=news), before))
        summary = summary_response(record)
        if texts or summary != summary_response(self.record):
            texts.append(_event("status", summary, StudyPosition(record.state)))
        return record, b"".join(texts)

    def missed(self, since: State | None, until: StudyRecord) -> Iterator[bytes]:
        """Iterate over the events that a listener has missed, in slices from the store.

        Args:
            since: the state up to which it has received everything; None if it wants to know of no cell so far.
            until: the study up to whose state events are read, or further.
        """
        if since is not None:
            for cells in self._changed(until.spec, since[0]):
                yield _event("cells", CellsEvent(study_id=self.id, cells=list(cells)), StudyPosition(since))
        yield _event("status", summary_response(until), StudyPosition(until.state))

    def _changed(self, spec: StudySpec, since: int) -> Iterator[list[CellResponse]]:
        """Yield slices of the cells that are under way or have changed since a revision."""
        after = -1
        while cells := self._store.studies.changed(self.id, since=since, after=after, limit=MAX_EVENT_CELLS):
            yield [cell_response(spec, batches) for batches in by_position(cells)]
            after = cells[-1].place.position

    def _keep(self, cells: Sequence[CellResponse]) -> None:
        """Keep cells under way as they are: they may change without the study."""
        for cell in cells:
            self._under_way.pop(cell.position, None)
            if cell.status in UNDER_WAY:
                self._under_way[cell.position] = cell

    # Methods that run on the event loop.

    def publish(self, record: StudyRecord, text: bytes) -> None:
        """Append news to the log, drop the oldest beyond its bound, and wake the listeners."""
        self.record = record
        if text:
            self._log.append(StudyNews(record.state, text))
        while sum(len(news.text) for news in self._log) > MAX_LOG_BYTES:
            self._before_first = self._log.popleft().state
        self._finish()
        if text or self.is_over:
            self.wake()

    def delete(self) -> None:
        """End the feed: the study was deleted."""
        self._end = "deleted"
        self.wake()

    def _finish(self) -> None:
        if self.record.is_over:
            self._end = self.record.status

    def holds(self, state: State) -> bool:
        """True if the log holds everything after a state."""
        return state >= self._before_first

    def after(self, state: State) -> list[StudyNews]:
        """Return the news after a state."""
        return [news for news in self._log if news.state > state]

    @property
    def last_event(self) -> bytes:
        """The last event of the stream."""
        assert self._end is not None
        done = StudyDoneEvent(study_id=self.id, status=self._end)
        return _event("done", done, StudyPosition(self.record.state, is_last=True))

    def forget(self) -> None:
        """Clear the log: the last listener has left."""
        self._log.clear()


def _event(name: str, data: BaseModel, position: StudyPosition) -> bytes:
    return format_sse_event(event=name, data_str=data.model_dump_json(), id=str(position))
