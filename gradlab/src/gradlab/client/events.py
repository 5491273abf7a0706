"""Read server-sent events from a response."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2


EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True)
class StreamedEvent:
    """One event as it came.

    Attributes:
        name: ``status``, ``epochs``, ``findings`` or ``done``.
        id: to go on from, after it.
        data: what it says.
    """

    name: str
    id: str
    data: dict[str, Any]


def read_events(response: "httpx2.Response") -> Iterator[StreamedEvent]:
    """Read the events of a streamed response, none of one without content.

    Comments, and an event that breaks off before its empty line, are left out.
    """
    import httpx2

    if response.status_code == httpx2.codes.NO_CONTENT:
        return
    # One event holds all new epochs of all runs: it may be larger than the client's usual bound.
    for event in httpx2.EventSource(response, max_event_size=None):
        if event.data:
            yield StreamedEvent(event.event, event.id, json.loads(event.data))
