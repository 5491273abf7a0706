"""The listeners of `bench.streams`, in a process that does little else.

    python -m bench.listeners URL ID [EPOCHS]

Checks the events of all listeners after the streams have ended; without EPOCHS the streams may end early.
"""

import asyncio
import sys
from urllib.parse import urlsplit

import httpx2

from gradlab.client.events import EVENT_STREAM, read_events

LISTENERS = 200
# httpx needs a request to read a response; its address does not matter.
REQUEST = httpx2.Request("GET", "http://localhost/events")


async def listen(url: str, id: str) -> list[bytes]:
    """Return the body of each listener's stream. Bodies are checked later, so as not to slow down the training."""
    bodies: list[bytes] = []

    async def one() -> None:
        address = urlsplit(url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(f"GET /experiments/{id}/events HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.splitlines()[0]
        parts = []
        while length := int(await reader.readline() or b"0", 16):
            parts.append(await reader.readexactly(length))
            await reader.readexactly(2)
        bodies.append(b"".join(parts))
        writer.close()

    await asyncio.gather(*(one() for _ in range(LISTENERS)))
    return bodies


def check(bodies: list[bytes], epochs_expected: int | None) -> None:
    """Assert that every listener received every epoch once and in order.

    Args:
        bodies: the body of each listener's stream.
        epochs_expected: number of epochs; None if the stream may have ended early.
    """
    lengths = set()
    for body in {*bodies}:
        stream = httpx2.Response(200, headers={"Content-Type": EVENT_STREAM}, content=body, request=REQUEST)
        events = list(read_events(stream))
        runs = [run for event in events if event.name == "epochs" for run in event.data["runs"]]
        epochs = [epoch for run in runs for epoch in run["epochs"]]
        assert epochs == list(range(len(epochs)))
        positions = [tuple(map(int, event.id.split("~")[0].split("."))) for event in events]
        assert positions == sorted(set(positions))
        assert epochs_expected is None or (events[-1].name, epochs[-1]) == ("done", epochs_expected)
        lengths.add(len(epochs))
    print(f"{len(bodies)} listeners received {min(lengths)} to {max(lengths)} epochs, each once and in order")


if __name__ == "__main__":
    check(asyncio.run(listen(*sys.argv[1:3])), int(sys.argv[3]) if len(sys.argv) > 3 else None)
