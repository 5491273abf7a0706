"""Polling of a resource, across restarts of the service."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from gradlab.client.connection import Unreachable
from gradlab.schemas.response_model import ResponseModel

if TYPE_CHECKING:
    import httpx2

Polled = TypeVar("Polled", bound=ResponseModel)

MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.1, 1.0  # between two requests


def poll(
    request: "Callable[..., httpx2.Response]",
    path: str,
    read: "Callable[[httpx2.Response], Polled]",
    is_over: Callable[[Polled], bool],
    progress: Callable[[Polled], None],
    patience: float,
) -> Polled:
    """Poll a resource until it is in its final state.

    Args:
        request: sends a request, given method, path and headers.
        path: path of the resource.
        read: parses a response.
        is_over: returns True for the final state.
        progress: called with the resource after each change.
        patience: maximum time without a response of the service, in seconds.

    Raises:
        Unreachable: the service did not respond for longer than `patience`, or not as this version's does.
    """
    headers: dict[str, str] = {}
    pause, failing_since = MIN_PAUSE_SECONDS, None
    while True:
        try:
            response = request("GET", path, headers=headers)
            failing_since = None
        except Unreachable:
            failing_since = failing_since or time.monotonic()
            if time.monotonic() - failing_since > patience:
                raise
            response = None
        if response is not None and response.status_code == 200:
            current = read(response)
            progress(current)
            if is_over(current):
                return current
            headers, pause = {"If-None-Match": response.headers["ETag"]}, MIN_PAUSE_SECONDS
        time.sleep(pause)
        pause = min(MAX_PAUSE_SECONDS, pause * 1.2)
