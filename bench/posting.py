"""Latency of POST /experiments with 50 clients at a time, on SQLite and PostgreSQL.

    python -m bench.posting [--clients 50] [--requests 20]

A real `gradlab serve --api-only` on loopback. Every client posts experiments of its own over one kept-alive connection,
one after another, so that as many requests as clients are under way at any time. The clients share the machine's cores
with the service.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import httpx2
import pytest

from bench.gradients import SPEC, served
from bench.processes import conditions
from core.store.migrate import upgrade
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
    limits = httpx2.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx2.AsyncClient(base_url=url, limits=limits, timeout=60) as http:
        latencies = await asyncio.gather(*(_client(http, number, requests) for number in range(clients)))
    return [each for of_client in latencies for each in of_client]


async def _client(http: httpx2.AsyncClient, number: int, requests: int) -> list[float]:
    spec = parse(SPEC.read_bytes())
    milliseconds = []
    for request in range(WARM_UP + requests):
        body = spec.model_copy(update={"name": f"{number}, {request}"}).canonical()
        begun = time.perf_counter()
        response = await http.post("/experiments", content=body, headers={"Content-Type": "application/json"})
        assert response.status_code == 202, response.text
        if request >= WARM_UP:
            milliseconds.append(1e3 * (time.perf_counter() - begun))
    return milliseconds


if __name__ == "__main__":
    main()
