"""Event streams of studies."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from api.live import streams
from api.live.event import ALIVE
from api.live.study_feed import BEGINNING, State, StudyFeed, read_study_position
from gradlab.errors import NotFound


class StudyStreams(streams.Streams[StudyFeed, State]):
    """Event streams of studies. A listener that is slow receives cells as they are by then."""

    def _open(self, id: UUID) -> StudyFeed:
        return StudyFeed(id, self._store)

    def _states(self, ids: Sequence[UUID]) -> dict[UUID, State]:
        return self._store.studies.states(ids)

    async def _events(self, feed: StudyFeed, last_id: str | None, replay: bool) -> AsyncIterator[bytes]:
        position = read_study_position(last_id)
        state = position.state if position else BEGINNING if replay else None
        while not self._closing:
            if state is None or not feed.holds(state):
                until = feed.record
                async for text in self._each(feed.missed(state, until)):
                    yield text
                state = until.state
            elif entries := feed.after(state):
                for entry in entries:
                    yield entry.text
                state = entries[-1].state
            elif feed.is_over:
                yield feed.last_event
                return
            elif not await self._has_news(feed):
                yield ALIVE

    async def _update(self, feed: StudyFeed, state: State | None) -> None:
        """Publish the news of one study."""
        if state is None:
            feed.delete()
        elif state != feed.record.state:
            try:
                feed.publish(*await self._query(feed.poll))
            except NotFound:
                return  # deleted just now: the next poll ends the feed
