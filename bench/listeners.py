"""The listeners of `bench.streams`: a process that loads nothing else, so that little but listening is measured.

    python -m bench.listeners URL ID [EPOCHS]

Checks what all of them have heard, once all is over; without EPOCHS, of a stream that was broken off.
"""

import asyncio
import sys
from urllib.parse import urlsplit

import httpx2

from gradlab.client.events import EVENT_STREAM, read_events

LISTENERS = 200
# A response is read with the request that it answers, whatever that was.
REQUEST = httpx2.Request("GET", "http://localhost/events")


async def listen(url: str, id: str) -> list[bytes]:
    """What each listener is told, as bytes: checked once all is over, so that checking costs the training nothing."""
    heard: list[bytes] = []

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
        heard.append(b"".join(parts))
        writer.close()

    await asyncio.gather(*(one() for _ in range(LISTENERS)))
    return heard


def check(heard: list[bytes], whole: int | None) -> None:
    """Every epoch once and in order, for everybody; `whole` is how many, None where the stream was broken off."""
    lengths = set()
    for told in {*heard}:
        stream = httpx2.Response(200, headers={"Content-Type": EVENT_STREAM}, content=told, request=REQUEST)
        events = list(read_events(stream))
        runs = [run for event in events if event.name == "epochs" for run in event.data["runs"]]
        epochs = [epoch for run in runs for epoch in run["epochs"]]
        assert epochs == list(range(len(epochs)))
        orders = [tuple(map(int, event.id.split("~")[0].split("."))) for event in events]
        assert orders == sorted(set(orders))
        assert whole is None or (events[-1].name, epochs[-1]) == ("done", whole)
        lengths.add(len(epochs))
    print(f"{len(heard)} listeners heard {min(lengths)} to {max(lengths)} epochs, each once and in order")


if __name__ == "__main__":
    check(asyncio.run(listen(*sys.argv[1:3])), int(sys.argv[3]) if len(sys.argv) > 3 else None)
