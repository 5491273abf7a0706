"""Latency of GET /experiments/{id}/gradients: 500 epochs of 12 tensors, one run.

    python -m bench.gradients

A real `gradlab serve --api-only` on loopback, requests over one kept-alive connection, with SQLite and, where it is
installed, PostgreSQL. The times are those of the client, without unpacking gzip and parsing the JSON.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

import httpx2
import pytest

from core.store import ExperimentStore
from core.store.migrate import upgrade
from gradlab import Client
from gradlab.schemas.status import Status
from gradlab.spec.experiment import parse
from tests.builders import a_chunk
from tests.servers import PostgreSQL, free_port, wait_until

SPEC = Path(__file__).parents[1] / "examples" / "tutorial-3-deep-relu.json"
EPOCHS_PER_CHUNK = 50
WARM_UP, REQUESTS = 50, 500
QUERIES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("JSON", "?parameter=all", {}),
    ("NPZ", "?parameter=all", {"Accept": "application/x-npz"}),
    ("CSV", "?parameter=all", {"Accept": "text/csv"}),
    ("JSON, 50 points", "?parameter=all&max_points=50", {}),
)


def main() -> None:
    """Print the latencies on each database."""
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", f"sqlite:///{folder}/lab.db", Path(folder))
        try:
            server = PostgreSQL()
        except pytest.skip.Exception as missing:
            print(f"PostgreSQL: {missing}")
            return
        try:
            measure("PostgreSQL", server.create("lab"), Path(folder))
        finally:
            server.remove()


def measure(name: str, database_url: str, data_dir: Path) -> None:
    """Print a line for each request of `QUERIES`, and one for a conditional request."""
    upgrade(database_url)
    store = ExperimentStore(database_url, lease=timedelta(minutes=1), max_attempts=3)
    path = f"/experiments/{trained(store)}/gradients"
    store.close()
    with served(database_url, data_dir) as url, httpx2.Client(base_url=url) as http:
        for what, query, headers in QUERIES:
            report(f"{name}, {what}", http, path + query, headers)
        condition = {"If-None-Match": http.get(path).headers["ETag"]}
        report(f"{name}, not modified", http, path, condition)


def trained(store: ExperimentStore) -> UUID:
    """Store an experiment with series as long as the tutorial's, of arbitrary numbers."""
    spec = parse(SPEC.read_bytes())
    experiment, _ = store.add(spec)
    claim = store.claim(experiment.id, worker="bench")
    assert claim
    store.append(claim, a_chunk(spec, first_epoch=0, epochs=1))
    for first in range(1, spec.training.epochs + 1, EPOCHS_PER_CHUNK):
        store.append(claim, a_chunk(spec, first_epoch=first, epochs=EPOCHS_PER_CHUNK))
    store.finish(claim, Status.completed)
    return experiment.id


@contextmanager
def served(database_url: str, data_dir: Path) -> Iterator[str]:
    """Run the API in a process of its own; yield its address."""
    port = free_port()
    environment = os.environ | {"GRADLAB_DATABASE_URL": database_url, "GRADLAB_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "gradlab.cli", "serve", "--api-only", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, env=environment) as process:
        try:
            wait_until(Client(f"http://127.0.0.1:{port}").is_alive)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def report(
    what: str, http: httpx2.Client, path: str | httpx2.URL, headers: dict[str, str], requests: int = REQUESTS
) -> None:
    """Repeat a request; print median, 95th percentile and largest of its latencies, and the kilobytes received."""
    # HTTPX takes two milliseconds of its own for a response.
    connection = HTTPConnection(http.base_url.host, http.base_url.port)
    sent = {name: http.headers[name] for name in ("Accept", "Accept-Encoding")} | headers
    target = httpx2.URL(path).raw_path.decode()
    milliseconds = []
    for request in range(WARM_UP + requests):
        begun = time.perf_counter()
        connection.request("GET", target, headers=sent)
        response = connection.getresponse()
        content = response.read()
        assert response.status < 400, content
        if request >= WARM_UP:
            milliseconds.append(1e3 * (time.perf_counter() - begun))
    connection.close()
    size = len(content) / 1e3
    p95 = quantiles(milliseconds, n=20)[-1]
    latencies = f"median {median(milliseconds):5.1f} ms, p95 {p95:5.1f} ms, largest {max(milliseconds):5.1f} ms"
    print(f"{what:38} {latencies}, {size:6.1f} kB", flush=True)


if __name__ == "__main__":
    main()
