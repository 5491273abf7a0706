"""Reader of server-sent events."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2


EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True)
class StreamedEvent:
    """Event of the stream of an experiment or a study.

    Attributes:
        name: ``status``, ``epochs``, ``findings``, ``cells`` or ``done``.
        id: its id, from which a stream can be resumed.
        data: its content.
    """

    name: str
    id: str
    data: dict[str, Any]


def read_events(response: "httpx2.Response") -> Iterator[StreamedEvent]:
    """Iterate over the events of a streamed response; a response without content has none.

    Comments, and a last event without its final empty line, are left out.
    """
    import httpx2

    if response.status_code == httpx2.codes.NO_CONTENT:
        return
    # One event holds all new epochs of all runs, and may exceed the default bound.
    for event in httpx2.EventSource(response, max_event_size=None):
        if event.data:
            yield StreamedEvent(event.event, event.id, json.loads(event.data))
