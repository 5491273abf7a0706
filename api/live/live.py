"""All streams of this process: one look at the database for all of them, none of them keeping it waiting."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TypeVar
from uuid import UUID

import structlog
from anyio import CapacityLimiter, to_thread

from api.live.event import ALIVE, OPENING
from api.live.feed import Entry, Feed
from api.live.position import Position, read_position
from core.store import ExperimentStore
from gradlab.errors import NotFound, Unavailable

log = structlog.get_logger()
Answer = TypeVar("Answer")

# How often the database is asked for what has changed, while somebody listens; more seldom where many do: to tell one
# of them takes some 0.15 ms, and a training beside it wants the cores.
POLL_SECONDS, LISTENER_SECONDS, MAX_SECONDS = 0.2, 0.005, 1.0
# A listener that is told nothing for so long is told that we are alive.
ALIVE_SECONDS = 15.0
# How many listeners who are behind may read from the database at a time.
READERS = 4


class Live:
    """Everybody who listens, and the one task that looks for them.

    Args:
        store: what is looked at. No session of it stays open between two looks.
    """

    def __init__(self, store: ExperimentStore) -> None:
        self._store = store
        self._feeds: dict[UUID, Feed] = {}
        self._looking: asyncio.Task[None] | None = None
        self._closing = False
        # Threads of our own: requests that wait in the others must not keep the streams waiting.
        self._looker, self._readers = CapacityLimiter(1), CapacityLimiter(READERS)

    async def stream(self, id: UUID, last_id: str | None, *, replay: bool) -> AsyncIterator[bytes]:
        """The events of an experiment as text, until nothing follows or the service stops.

        Args:
            id: which experiment.
            last_id: of the last event that the listener has had; None for the beginning.
            replay: without a `last_id`, whether what is stored already is told first.
        """
        yield OPENING
        with suppress(NotFound):  # deleted between the first look and this
            feed = await self._join(id)
            try:
                async for text in self._told(feed, last_id, replay):
                    yield text
            finally:
                self._leave(feed)

    async def close(self) -> None:
        """End all streams; their listeners come back to whoever serves then."""
        self._closing = True
        for feed in self._feeds.values():
            feed.wake()
        if self._looking:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking

    async def _join(self, id: UUID) -> Feed:
        feed = self._feeds.get(id)
        if feed is None:
            opened = await self._read(lambda: Feed(self._store.get(id), self._store))
            feed = self._feeds.setdefault(id, opened)
        feed.listeners += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return feed

    def _leave(self, feed: Feed) -> None:
        feed.listeners -= 1
        if not feed.listeners and self._feeds.get(feed.id) is feed:
            del self._feeds[feed.id]
            feed.forget()

    async def _told(self, feed: Feed, last_id: str | None, replay: bool) -> AsyncIterator[bytes]:
        position, number = read_position(last_id, len(feed.known.position.reached)), None
        if position is None and not replay:
            position = Position(0, feed.known.position.reached, feed.known.position.stage)
        findings, waited = position, 0.0
        while not self._closing:
            if number is None or not feed.holds(number):
                known = feed.known if waited else feed.catch_up(position)
                async for missed in self._missed(feed.missed(position, findings, known)):
                    yield missed.text
                    position, waited = missed.position, 0.0
                    findings = position if missed.tells_findings else findings
                if position and (position.reached == known.position.reached or known.over):
                    number, waited = known.number, 0.0
                    continue
                # A run was set back to its checkpoint and is trained again, or this process knows less than another.
                await asyncio.sleep(POLL_SECONDS)
                waited += POLL_SECONDS
                if waited >= ALIVE_SECONDS:
                    yield ALIVE
                    waited = POLL_SECONDS
            elif entries := feed.after(number):
                number += len(entries)
                yield b"".join(entry.text for entry in entries)
                position = entries[-1].position
                findings = next((each.position for each in reversed(entries) if each.tells_findings), findings)
            elif feed.known.over:
                return
            else:
                try:
                    # The event is taken now: what `wait_for` is given runs only later, when it may be another one.
                    await asyncio.wait_for(feed.news.wait(), ALIVE_SECONDS)
                except TimeoutError:
                    yield ALIVE

    async def _missed(self, entries: Iterator[Entry]) -> AsyncIterator[Entry]:
        while not self._closing and (entry := await self._read(lambda: next(entries, None))):
            yield entry

    async def _read(self, read: Callable[[], Answer]) -> Answer:
        return await to_thread.run_sync(read, limiter=self._readers)

    async def _look(self) -> None:
        """Look at the database for as long as somebody listens."""
        while self._feeds:
            try:
                going = [feed for feed in self._feeds.values() if not feed.known.over]
                if going:
                    revisions = await self._ask(partial(self._store.revisions, [feed.id for feed in going]))
                    for feed in going:
                        await self._follow(feed, revisions.get(feed.id))
            except Unavailable as away:
                log.warning("streams_wait_for_the_database", error=repr(away.__cause__))
            except Exception:
                log.exception("look_failed")  # whatever it was, other experiments' listeners go on listening
            listeners = sum(feed.listeners for feed in self._feeds.values())
            await asyncio.sleep(min(max(POLL_SECONDS, LISTENER_SECONDS * listeners), MAX_SECONDS))

    async def _follow(self, feed: Feed, revision: int | None) -> None:
        """Tell what is new about one experiment."""
        if revision is None:
            feed.end("deleted")
            return
        if revision != feed.known.experiment.revision:
            try:
                experiment, entries = await self._ask(feed.look)
            except NotFound:
                return  # deleted this moment: the next look says so
            feed.publish(entries, experiment=experiment)
        if feed.wants_diagnosis:
            begun = time.monotonic()
            feed.publish_findings(await self._ask(feed.diagnose), time.monotonic() - begun)
        if feed.known.experiment.status.is_finished:
            feed.end(feed.known.experiment.status)

    async def _ask(self, question: Callable[[], Answer]) -> Answer:
        return await to_thread.run_sync(question, limiter=self._looker)
