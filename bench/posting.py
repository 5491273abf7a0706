"""Latency of POST /experiments with 50 clients at a time, on SQLite and PostgreSQL.

    python -m bench.posting [--clients 50] [--requests 20]

A real `gradlab serve --api-only` on loopback. Every client posts experiments of its own over one kept-alive connection,
one after another, so that as many requests as clients are under way at any time. The clients share the machine's cores
with the service: they write to sockets, for a tenth of a millisecond a request, of which HTTPX takes one or two.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

import pytest

from bench.gradients import SPEC, served
from bench.processes import conditions
from core.store.migrate import upgrade
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from tests.servers import PostgreSQL

WARM_UP = 2


def main() -> None:
    """Print the latencies on each database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--requests", type=int, default=20, help="of each client")
    options = parser.parse_args()
    with conditions(), tempfile.TemporaryDirectory() as folder:
        measure("SQLite", f"sqlite:///{folder}/lab.db", Path(folder), options.clients, options.requests)
        try:
            server = PostgreSQL()
        except pytest.skip.Exception as missing:
            print(f"PostgreSQL: {missing}")
            return
        try:
            measure("PostgreSQL", server.create("lab"), Path(folder), options.clients, options.requests)
        finally:
            server.remove()


def measure(name: str, database_url: str, data_dir: Path, clients: int, requests: int) -> None:
    """Print the latencies of all clients' requests on one database."""
    upgrade(database_url)
    with served(database_url, data_dir) as url:
        begun = time.perf_counter()
        milliseconds = asyncio.run(_posted(url, clients, requests))
        rate = clients * (WARM_UP + requests) / (time.perf_counter() - begun)
    p99 = quantiles(milliseconds, n=100)[-1]
    print(
        f"{name}, {clients} clients: median {median(milliseconds):.0f} ms, p99 {p99:.0f} ms, "
        f"largest {max(milliseconds):.0f} ms, {rate:.0f} a second",
        flush=True,
    )


async def _posted(url: str, clients: int, requests: int) -> list[float]:
    # Written before: the clients' processor time is the service's, on a machine with two cores.
    spec = parse(SPEC.read_bytes())
    written = [[_request(spec, url, f"{client}, {i}") for i in range(WARM_UP + requests)] for client in range(clients)]
    latencies = await asyncio.gather(*(_client(url, each) for each in written))
    return [each for of_client in latencies for each in of_client]


def _request(spec: ExperimentSpec, url: str, name: str) -> bytes:
    body = spec.model_copy(update={"name": name}).canonical().encode()
    host = urlsplit(url).netloc
    head = f"POST /experiments HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _client(url: str, requests: Sequence[bytes]) -> list[float]:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    milliseconds = []
    for request in requests:
        begun = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 202"), head
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        milliseconds.append(1e3 * (time.perf_counter() - begun))
    writer.close()
    return milliseconds[WARM_UP:]


if __name__ == "__main__":
    main()
