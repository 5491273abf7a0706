"""The listener's end: server-sent events from the lines of an answer."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

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


def lines(parts: Iterable[str]) -> Iterator[str]:
    """The lines of a text that comes in parts. Only a line feed ends one: JSON may hold Unicode's other separators."""
    begun = ""
    for part in parts:
        *whole, begun = (begun + part).split("\n")
        yield from whole


def read_events(lines: Iterable[str]) -> Iterator[StreamedEvent]:
    """The events in a stream. Comments, and an event that breaks off before its empty line, are none."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        if "data" in fields:
            yield StreamedEvent(fields["event"], fields["id"], json.loads(fields["data"]))
        fields = {}
