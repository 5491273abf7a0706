"""A million rows of fifty numbers: uploaded, profiled and trained on; and a dataset on ten hosts.

    python -m bench.uploaded

A Parquet file of 1,000,000 × 50 float32 and a label, 200 MB, goes to a real `gradlab serve` with its worker. Measured
are the seconds of the upload and of the check, those of a training of two epochs, and the peak of the resident memory
of the process that trains, TensorFlow included. Then ten stores with a cache of their own, as on ten hosts, and an
eleventh that shares one, ask an S3 stand-in for the same bytes: the requests for them are counted.
"""

import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from wsgiref.simple_server import WSGIRequestHandler, make_server

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from bench.processes import conditions
from bench.serving import served
from core.blobs import BlobStore
from gradlab import Client

ROWS, COLUMNS, EPOCHS = 1_000_000, 50, 2
HOSTS, BUCKET = 10, "bench"
HIDDEN = {"kind": "dense", "units": 64, "activation": "relu", "repeat": 2}
SPEC: dict[str, Any] = {
    "name": "a million rows",
    "model": {"layers": [HIDDEN, {"kind": "dense", "units": 1, "activation": "sigmoid"}]},
    "training": {"loss": "binary_crossentropy", "optimizer": "adam", "epochs": EPOCHS, "batch_size": 256},
}


def main() -> None:
    """Print seconds, memory and requests."""
    with conditions(), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        _write(file)
        print(f"file: {file.stat().st_size / 1e6:.0f} MB", flush=True)
        with served(Path(folder) / "data") as (service, url):
            _train(Client(url), service.pid, file)
        _ask_from_ten_hosts(Path(folder))


def _write(file: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    columns = {f"f{place}": x[:, place] for place in range(COLUMNS)}
    columns["label"] = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(np.int64)
    parquet.write_table(pa.table(columns), file, compression="none")


def _train(client: Client, service: int, file: Path) -> None:
    begun = time.perf_counter()
    dataset = client.add_dataset(file, wait=False)
    print(f"received after {time.perf_counter() - begun:.1f} s", flush=True)
    dataset = client.add_dataset(file)
    print(f"{dataset.status} after {time.perf_counter() - begun:.1f} s", flush=True)
    uploaded = {"kind": "uploaded", "id": dataset.id, "target": "label", "task": "classes", "prepare": ["standardise"]}
    experiment, peak = client.submit(SPEC | {"dataset": uploaded}), 0.0
    while not (state := client.get(experiment.id)).status.is_finished:
        peak = max(peak, _trainer_peak(service))
        time.sleep(0.2)
    assert state.started_at
    assert state.finished_at
    seconds = (state.finished_at - state.started_at).total_seconds()
    print(f"{state.status}: {EPOCHS} epochs in {seconds:.1f} s, {state.error or 'no error'}", flush=True)
    print(f"peak resident memory of the process that trains: {peak:.0f} MB", flush=True)


def _trainer_peak(service: int) -> float:
    """Return the largest peak of resident memory, in MB, among the processes below a process."""
    return max((_status(pid, "VmHWM") for pid in _below(service)), default=0.0)


def _below(parent: int) -> Iterator[int]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and _status(int(folder.name), "PPid", 1.0) == parent:
            yield int(folder.name)
            yield from _below(int(folder.name))


def _status(pid: int, field: str, unit: float = 1e3 / 1.024) -> float:
    """Return a number of a process's status, sizes in MB; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / unit for line in lines if line.startswith(f"{field}:")), 0.0)


def _ask_from_ten_hosts(folder: Path) -> None:
    with _object_storage() as (url, requests):
        first = BlobStore(f"s3://{BUCKET}", folder=folder, cache=folder / "writer", plain_http=True)
        blob, written = first.put(_blob(folder)), requests.copy()
        stores = [
            BlobStore(f"s3://{BUCKET}", folder=folder, cache=folder / f"host-{host}", plain_http=True)
            for host in [*range(HOSTS), 0]
        ]
        with ThreadPoolExecutor(len(stores)) as threads:
            files = list(threads.map(lambda store: store.fetch(blob), stores))
            files += list(threads.map(lambda store: store.fetch(blob), stores))
        read = (requests - written)["GET"]
        print(f"{HOSTS} hosts, one with two workers, asked twice each: {read} requests for the bytes ({url})")
        assert len({file.read_bytes() for file in files}) == 1


def _blob(folder: Path) -> Path:
    file = folder / "blob"
    file.write_bytes(np.random.default_rng(0).bytes(20_000_000))
    return file


@contextmanager
def _object_storage() -> Iterator[tuple[str, Counter[str]]]:
    """Run an S3 stand-in with a bucket; yield its address, and the requests for objects by method."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    requests: Counter[str] = Counter()
    inner = DomainDispatcherApplication(create_backend_app)

    def counting(environ: dict[str, Any], start: Any) -> Any:
        if environ["PATH_INFO"].count("/") > 1:
            requests[environ["REQUEST_METHOD"]] += 1
        return inner(environ, start)

    class Silent(WSGIRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    with make_server("127.0.0.1", 0, counting, handler_class=Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "us-east-1"}
        with patch.dict(os.environ, keys | {"AWS_ENDPOINT_URL": url}):
            import httpx2

            httpx2.put(f"{url}/{BUCKET}")
            yield url, requests
        server.shutdown()


if __name__ == "__main__":
    main()
