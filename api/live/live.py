"""All event streams of this process. One task polls the database for all of them."""

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
Result = TypeVar("Result")

# Interval of polling while there are listeners. It grows by LISTENER_SECONDS for each listener, up to MAX_POLL_SECONDS:
# one event to one listener takes 0.15 ms of a core that trainings need.
POLL_SECONDS, LISTENER_SECONDS, MAX_POLL_SECONDS = 0.2, 0.005, 1.0
# Interval of comments on a stream without events.
ALIVE_SECONDS = 15.0
# Listeners that read from the database at a time.
READERS = 4


class Live:
    """Feeds of all experiments that have listeners, and the task that polls the database for them.

    Args:
        store: the store. No session of it stays open between two polls.
    """

    def __init__(self, store: ExperimentStore) -> None:
        self._store = store
        self._feeds: dict[UUID, Feed] = {}
        self._poller: asyncio.Task[None] | None = None
        self._closing = False
        # Separate threads, so that waiting requests do not delay the streams.
        self._poll_limiter, self._read_limiter = CapacityLimiter(1), CapacityLimiter(READERS)

    async def stream(self, id: UUID, last_id: str | None, *, replay: bool) -> AsyncIterator[bytes]:
        """Iterate over the events of an experiment as text, until the last one or until the service stops.

        Args:
            id: id of the experiment.
            last_id: id of the last event that the listener has received; None for the beginning.
            replay: if there is no `last_id`, True to send stored epochs first.
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

    async def _join(self, id: UUID) -> Feed:
        feed = self._feeds.get(id)
        if feed is None:
            opened = await self._read(lambda: Feed(self._store.get(id), self._store))
            feed = self._feeds.setdefault(id, opened)
        feed.listeners += 1
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        return feed

    def _leave(self, feed: Feed) -> None:
        feed.listeners -= 1
        if not feed.listeners and self._feeds.get(feed.id) is feed:
            del self._feeds[feed.id]
            feed.forget()

    async def _events(self, feed: Feed, last_id: str | None, replay: bool) -> AsyncIterator[bytes]:
        position, number = read_position(last_id, len(feed.state.position.reached)), None
        if position is None and not replay:
            position = Position(0, feed.state.position.reached, feed.state.position.stage)
        findings, waited = position, 0.0
        while not self._closing:
            if number is None or not feed.holds(number):
                state = feed.state if waited else feed.catch_up(position)
                async for missed in self._missed(feed.missed(position, findings, state)):
                    yield missed.text
                    position, waited = missed.position, 0.0
                    findings = position if missed.has_findings else findings
                if position and (position.reached == state.position.reached or state.over):
                    number, waited = state.number, 0.0
                    continue
                # A run was set back to its checkpoint, or this process is behind the one that sent `last_id`.
                await asyncio.sleep(POLL_SECONDS)
                waited += POLL_SECONDS
                if waited >= ALIVE_SECONDS:
                    yield ALIVE
                    waited = POLL_SECONDS
            elif entries := feed.after(number):
                number += len(entries)
                yield b"".join(entry.text for entry in entries)
                position = entries[-1].position
                findings = next((entry.position for entry in reversed(entries) if entry.has_findings), findings)
            elif feed.state.over:
                return
            else:
                try:
                    # `feed.news` is read now: `wait` must be called on this event, not on its successor.
                    await asyncio.wait_for(feed.news.wait(), ALIVE_SECONDS)
                except TimeoutError:
                    yield ALIVE

    async def _missed(self, entries: Iterator[Entry]) -> AsyncIterator[Entry]:
        while not self._closing and (entry := await self._read(lambda: next(entries, None))):
            yield entry

    async def _read(self, read: Callable[[], Result]) -> Result:
        return await to_thread.run_sync(read, limiter=self._read_limiter)

    async def _poll(self) -> None:
        """Poll the database for as long as there are listeners."""
        while self._feeds:
            try:
                active = [feed for feed in self._feeds.values() if not feed.state.over]
                if active:
                    revisions = await self._query(partial(self._store.revisions, [feed.id for feed in active]))
                    for feed in active:
                        await self._try_update(feed, revisions.get(feed.id))
            except Unavailable as error:
                log.warning("streams_wait_for_the_database", error=repr(error.__cause__))
            except Exception:
                log.exception("poll_failed")
            listeners = sum(feed.listeners for feed in self._feeds.values())
            await asyncio.sleep(min(max(POLL_SECONDS, LISTENER_SECONDS * listeners), MAX_POLL_SECONDS))

    async def _try_update(self, feed: Feed, revision: int | None) -> None:
        """Publish the news of one experiment. After an error the streams of the others continue.

        Raises:
            Unavailable: the database does not answer.
        """
        try:
            await self._update(feed, revision)
        except Unavailable:
            raise
        except Exception:
            log.exception("stream_failed", experiment_id=str(feed.id))

    async def _update(self, feed: Feed, revision: int | None) -> None:
        """Publish the news of one experiment."""
        if revision is None:
            feed.end("deleted")
            return
        if revision != feed.state.experiment.revision:
            try:
                experiment, entries = await self._query(feed.poll)
            except NotFound:
                return  # deleted just now: the next poll ends the feed
            feed.publish(entries, experiment=experiment)
        if feed.is_diagnosis_due:
            begun = time.monotonic()
            feed.publish_findings(await self._query(feed.diagnose), time.monotonic() - begun)
        if feed.state.experiment.status.is_finished:
            feed.end(feed.state.experiment.status)

    async def _query(self, query: Callable[[], Result]) -> Result:
        return await to_thread.run_sync(query, limiter=self._poll_limiter)
