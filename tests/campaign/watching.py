"""Answers to others while one request is answered: /livez is asked for all the while."""

import http.client
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

# Others wait no longer than this, on a machine that does other things besides: a quarter of it is usual on an idle one.
MAX_WAIT_SECONDS = 1.0


@dataclass(frozen=True)
class Answer:
    """One answer, and what it cost.

    Attributes:
        status: of the answer.
        body: its bytes.
        seconds: until it was there.
        wait: the longest that /livez took meanwhile, in seconds.
    """

    status: int
    body: bytes
    seconds: float
    wait: float


def call(url: str, method: str, path: str, text: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """Status and body of one request, on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=300)
    try:
        connection.request(method, path, text, {"Content-Type": "application/json", **headers})
        with connection.getresponse() as response:
            return response.status, response.read()
    finally:
        connection.close()


def watched(url: str, method: str, path: str, text: bytes | None = None) -> Answer:
    """One request, and how long others waited meanwhile."""
    received: list[tuple[int, bytes]] = []
    begun, wait = time.monotonic(), 0.0
    sender = threading.Thread(target=lambda: received.append(call(url, method, path, text)))
    sender.start()
    while sender.is_alive():
        asked = time.monotonic()
        assert call(url, "GET", "/livez")[0] == 200
        wait = max(wait, time.monotonic() - asked)
        time.sleep(0.02)
    seconds = time.monotonic() - begun
    return Answer(*received[0], seconds, wait)
