"""Submissions of many clients, stored together: while one group is stored, the next one gathers."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from core.records import Experiment
from core.store import Outcome, Submission

# Submissions stored in one transaction. Workers wait while a group holds SQLite's lock: 4 ms with specs of 5 layers,
# 53 ms with specs of 400.
MAX_TOGETHER = 25


class Submitter:
    """Stores submissions in the order in which they come, as many at a time as wait.

    Args:
        submit_all: stores submissions in one transaction, publishes them, and returns the outcome of each.
    """

    def __init__(self, submit_all: Callable[[Sequence[Submission]], list[Outcome]]) -> None:
        self._submit_all = submit_all
        self._waiting: deque[tuple[Submission, asyncio.Future[Outcome]]] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._thread = CapacityLimiter(1)

    async def submit(self, submission: Submission) -> Experiment:
        """Store a submission, and return its experiment once it is committed.

        Raises:
            Exception: its outcome, where it was refused or the group could not be stored.
        """
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((submission, outcome))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        result = await outcome
        if isinstance(result, Exception):
            raise result
        return result[0]

    async def _write(self) -> None:
        try:
            while self._waiting:
                group = [self._waiting.popleft() for _ in range(min(MAX_TOGETHER, len(self._waiting)))]
                results = await self._stored([submission for submission, _ in group])
                for (_, outcome), result in zip(group, results, strict=True):
                    if not outcome.done():  # its request was cancelled
                        outcome.set_result(result)
        finally:
            self._writer = None

    async def _stored(self, group: Sequence[Submission]) -> list[Outcome]:
        try:
            return await run_sync(self._submit_all, group, limiter=self._thread)
        except Exception as failure:
            return [failure] * len(group)
