"""Waiting for the end of a resource: by its event stream, and by polling across restarts of the service."""

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, suppress
from typing import TYPE_CHECKING, TypeVar

from gradlab.client.connection import Connection, Refused, Unreachable
from gradlab.schemas.response_model import ResponseModel

if TYPE_CHECKING:
    import httpx2

Polled = TypeVar("Polled", bound=ResponseModel)
Live = TypeVar("Live", bound=ResponseModel)

MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.1, 1.0  # between two requests


class Polling(Connection):
    """Waits until a resource is in its final state."""

    def _wait(
        self,
        kind: type[Polled],
        path: str,
        is_over: "Callable[[Polled | Live], bool]",
        progress: "Callable[[Polled | Live], None]",
        patience: float,
        live: "Iterable[Live]" = (),
    ) -> Polled:
        """Wait until a resource is in its final state, and return it.

        Args:
            kind: its response.
            path: its path.
            is_over: returns True for the final state.
            progress: called with the resource after each change.
            patience: maximum time without a response of the service, in seconds.
            live: its states from an event stream; without one, or where that ends early, the resource is polled.

        Raises:
            Unreachable: the service did not respond for longer than `patience`, or not as this version's does.
        """
        with closing(_answered(live)) as states:
            for state in states:
                progress(state)
                if is_over(state):
                    break
        headers: dict[str, str] = {}
        pause, failing_since = MIN_PAUSE_SECONDS, None
        while True:
            try:
                response: httpx2.Response | None = self._request("GET", path, headers=headers)
                failing_since = None
            except Unreachable:
                failing_since = failing_since or time.monotonic()
                if time.monotonic() - failing_since > patience:
                    raise
                response = None
            if response is not None and response.status_code == 200:
                current = self._read(kind, response)
                progress(current)
                if is_over(current):
                    return current
                headers, pause = {"If-None-Match": response.headers["ETag"]}, MIN_PAUSE_SECONDS
            time.sleep(pause)
            pause = min(MAX_PAUSE_SECONDS, pause * 1.2)


def _answered(live: Iterable[Live]) -> Generator[Live]:
    """Yield the states of an event stream until it ends or the service does not respond."""
    with suppress(Unreachable, Refused):
        yield from live
