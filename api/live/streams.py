"""Event streams of one kind of thing, of all its listeners in this process. One task polls the database for them."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

import structlog
from anyio import CapacityLimiter, to_thread

from api.live.event import OPENING
from core.store import ExperimentStore
from gradlab.errors import NotFound, Unavailable

log = structlog.get_logger()
Result = TypeVar("Result")

# Interval of polling while there are listeners. It grows by LISTENER_SECONDS for each listener, up to MAX_POLL_SECONDS:
# one event to one listener takes 0.15 ms of a core that trainings need.
POLL_SECONDS, LISTENER_SECONDS, MAX_POLL_SECONDS = 0.2, 0.005, 1.0
# Interval of comments on a stream without events.
ALIVE_SECONDS = 15.0
# Listeners that read from the database at a time.
READERS = 4


class SharedFeed(ABC):
    """News of one thing, read once for all its listeners."""

    def __init__(self) -> None:
        self.listeners = 0
        self.news = asyncio.Event()  # set at news, and then replaced by a new one

    @property
    @abstractmethod
    def id(self) -> UUID:
        """Id of the thing."""

    @property
    @abstractmethod
    def is_over(self) -> bool:
        """True if no event follows."""

    def wake(self) -> None:
        """Wake all listeners."""
        self.news.set()
        self.news = asyncio.Event()

    @abstractmethod
    def forget(self) -> None:
        """Drop what was kept for listeners: the last one has left."""


AnyFeed = TypeVar("AnyFeed", bound=SharedFeed)
AnyState = TypeVar("AnyState")


class Streams(ABC, Generic[AnyFeed, AnyState]):
    """Feeds of all things of a kind that have listeners, and the task that polls the database for them.

    Args:
        store: the store. No session of it stays open between two polls.
    """

    def __init__(self, store: ExperimentStore) -> None:
        self._store = store
        self._feeds: dict[UUID, AnyFeed] = {}
        self._poller: asyncio.Task[None] | None = None
        self._closing = False
        # Separate threads, so that waiting requests do not delay the streams.
        self._poll_limiter, self._read_limiter = CapacityLimiter(1), CapacityLimiter(READERS)

    async def stream(self, id: UUID, last_id: str | None, *, replay: bool) -> AsyncIterator[bytes]:
        """Iterate over the events of a thing as text, until the last one or until the service stops.

        Args:
            id: its id.
            last_id: id of the last event that the listener has received; None for the beginning.
            replay: if there is no `last_id`, True to send what is stored first.
        """
        yield OPENING
        with suppress(NotFound):  # deleted since the request was checked
            feed = await self._join(id)
            try:
                async for text in self._events(feed, last_id, replay):
                    yield text
            finally:
                self._leave(feed)

    async def close(self) -> None:
        """End all streams. Their listeners reconnect to the service when it is back."""
        self._closing = True
        for feed in self._feeds.values():
            feed.wake()
        if self._poller:
            self._poller.cancel()
            with suppress(asyncio.CancelledError):
                await self._poller

    @abstractmethod
    def _open(self, id: UUID) -> AnyFeed:
        """Return a new feed; called in a thread. Raises NotFound."""

    @abstractmethod
    def _events(self, feed: AnyFeed, last_id: str | None, replay: bool) -> AsyncIterator[bytes]:
        """Iterate over the events of a feed for one listener, until the last one or until the streams close."""

    @abstractmethod
    def _states(self, ids: Sequence[UUID]) -> Mapping[UUID, AnyState]:
        """Return for each of the things that exist what changes with it, by one cheap query; called in a thread."""

    @abstractmethod
    async def _update(self, feed: AnyFeed, state: AnyState | None) -> None:
        """Publish the news of one feed; `state` is None if its thing was deleted."""

    async def _join(self, id: UUID) -> AnyFeed:
        feed = self._feeds.get(id)
        if feed is None or feed.is_over:  # a study may have been continued since
            opened = await self._read(partial(self._open, id))
            feed = self._feeds.get(id)  # of another listener, meanwhile
            if feed is None or feed.is_over:
                feed = self._feeds[id] = opened
        feed.listeners += 1
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        return feed

    def _leave(self, feed: AnyFeed) -> None:
        feed.listeners -= 1
        if not feed.listeners and self._feeds.get(feed.id) is feed:
            del self._feeds[feed.id]
            feed.forget()

    async def _has_news(self, feed: AnyFeed) -> bool:
        """Wait for news of a feed. Return False if there was none for a while: the listener is sent a comment."""
        try:
            # `feed.news` is read now: `wait` must be called on this event, not on its successor.
            await asyncio.wait_for(feed.news.wait(), ALIVE_SECONDS)
        except TimeoutError:
            return False
        return True

    async def _each(self, read: Iterator[Result]) -> AsyncIterator[Result]:
        """Iterate over what an iterator reads from the database, in threads."""
        while not self._closing and (item := await self._read(lambda: next(read, None))) is not None:
            yield item

    async def _read(self, read: Callable[[], Result]) -> Result:
        return await to_thread.run_sync(read, limiter=self._read_limiter)

    async def _query(self, query: Callable[[], Result]) -> Result:
        return await to_thread.run_sync(query, limiter=self._poll_limiter)

    async def _poll(self) -> None:
        """Poll the database for as long as there are listeners."""
        while self._feeds:
            try:
                active = [feed for feed in self._feeds.values() if not feed.is_over]
                if active:
                    states = await self._query(partial(self._states, [feed.id for feed in active]))
                    for feed in active:
                        await self._try_update(feed, states.get(feed.id))
            except Unavailable as error:
                log.warning("streams_wait_for_the_database", error=repr(error.__cause__))
            except Exception:
                log.exception("poll_failed")
            listeners = sum(feed.listeners for feed in self._feeds.values())
            await asyncio.sleep(min(max(POLL_SECONDS, LISTENER_SECONDS * listeners), MAX_POLL_SECONDS))

    async def _try_update(self, feed: AnyFeed, state: AnyState | None) -> None:
        """Publish the news of one feed. After an error the streams of the others continue.

        Raises:
            Unavailable: the database does not answer.
        """
        try:
            await self._update(feed, state)
        except Unavailable:
            raise
        except Exception:
            log.exception("stream_failed", id=str(feed.id))
