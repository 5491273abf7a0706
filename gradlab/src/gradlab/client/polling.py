"""How a client waits without a stream: it looks again and again, and outlives the service's restarts."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from gradlab.client.connection import Unreachable
from gradlab.schemas.response_model import ResponseModel

if TYPE_CHECKING:
    import httpx2

Watched = TypeVar("Watched", bound=ResponseModel)

QUICKEST, SLOWEST = 0.1, 1.0  # seconds between two looks


def watch(
    ask: "Callable[..., httpx2.Response]",
    path: str,
    kind: type[Watched],
    is_over: Callable[[Watched], bool],
    progress: Callable[[Watched], None],
    patience: float,
) -> Watched:
    """Read what stands at an address whenever it has changed, until it is over.

    Args:
        ask: sends a request: method, path, headers.
        path: the address.
        kind: what stands there.
        is_over: whether nothing will change any more.
        progress: told whenever something has changed.
        patience: seconds for which the service may be away before we give up.

    Raises:
        Unreachable: it was away for longer.
    """
    headers: dict[str, str] = {}
    pause, away_since = QUICKEST, None
    while True:
        try:
            answer = ask("GET", path, headers=headers)
            away_since = None
        except Unreachable:
            away_since = away_since or time.monotonic()
            if time.monotonic() - away_since > patience:
                raise
            answer = None
        if answer is not None and answer.status_code == 200:
            now = kind.read(answer.content)
            progress(now)
            if is_over(now):
                return now
            headers, pause = {"If-None-Match": answer.headers["ETag"]}, QUICKEST
        time.sleep(pause)
        pause = min(SLOWEST, pause * 1.2)
