"""Event streams of experiments."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from api.live import streams
from api.live.event import ALIVE
from api.live.feed import Feed
from api.live.position import Position, read_position
from gradlab.errors import NotFound


class Live(streams.Streams[Feed, int]):
    """Event streams of experiments. Their state is the revision."""

    def _open(self, id: UUID) -> Feed:
        return Feed(self._store.get(id), self._store)

    def _states(self, ids: Sequence[UUID]) -> dict[UUID, int]:
        return self._store.revisions(ids)

    async def _events(self, feed: Feed, last_id: str | None, replay: bool) -> AsyncIterator[bytes]:
        position, number = read_position(last_id, len(feed.state.position.reached)), None
        if position is None and not replay:
            position = Position(0, feed.state.position.reached, feed.state.position.stage)
        findings, waited = position, 0.0
        while not self._closing:
            if number is None or not feed.holds(number):
                state = feed.state if waited else feed.catch_up(position)
                async for missed in self._each(feed.missed(position, findings, state)):
                    yield missed.text
                    position, waited = missed.position, 0.0
                    findings = position if missed.has_findings else findings
                if position and (position.reached == state.position.reached or state.over):
                    number, waited = state.number, 0.0
                    continue
                # A run was set back to its checkpoint, or this process is behind the one that sent `last_id`.
                await asyncio.sleep(streams.POLL_SECONDS)
                waited += streams.POLL_SECONDS
                if waited >= streams.ALIVE_SECONDS:
                    yield ALIVE
                    waited = streams.POLL_SECONDS
            elif entries := feed.after(number):
                number += len(entries)
                yield b"".join(entry.text for entry in entries)
                position = entries[-1].position
                findings = next((entry.position for entry in reversed(entries) if entry.has_findings), findings)
            elif feed.is_over:
                return
            elif not await self._has_news(feed):
                yield ALIVE

    async def _update(self, feed: Feed, state: int | None) -> None:
        """Publish the news of one experiment."""
        if state is None:
            feed.end("deleted")
            return
        if state != feed.state.experiment.revision:
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
