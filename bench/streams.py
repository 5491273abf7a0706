"""Two hundred listeners on one API process while an experiment trains.

    python -m bench.streams

A real `gradlab serve` with its worker. Trainings with and without listeners take turns; each listener keeps what it is
told, and after the training it is checked that every epoch came to each of them once and in order. Beside it the API's
resident memory before and while they listen, and what a SIGTERM takes with all streams open. The listeners are a
process of their own, and share the machine's cores with the training: what they cost is in the figure too.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from api.client import Client
from api.live.reading import lines, read_events
from bench.processes import conditions
from core.spec import ExperimentSpec
from core.spec.experiment import parse
from tests.servers import free_port, wait_until

SPEC = Path(__file__).parents[1] / "examples" / "tutorial-3-deep-relu.json"
LISTENERS, EPOCHS, TURNS = 200, 20_000, 3


def main() -> None:
    """Print the ratio of the times, the memory, and the seconds of a stop."""
    fields = json.loads(SPEC.read_text())
    spec = parse(json.dumps({**fields, "training": {**fields["training"], "epochs": EPOCHS}}))
    with conditions(), tempfile.TemporaryDirectory() as folder, served(folder) as (service, url):
        client = Client(url)
        _train(client, parse(SPEC.read_bytes()))  # loads and compiles
        alone, listened, memory = [], [], [_resident(service.pid)]
        for _ in range(TURNS):
            alone.append(_train(client, spec))
            seconds, most = _train_listened(client, service.pid, spec)
            listened.append(seconds)
            memory.append(most)
        ratio = median(listened) / median(alone)
        print(f"{EPOCHS} epochs: {median(alone):.1f} s alone, {median(listened):.1f} s with {LISTENERS} listeners")
        turns = ", ".join(f"{b / a:.2f}" for a, b in zip(alone, listened, strict=True))
        print(f"slower by {100 * (ratio - 1):.1f} %; the turns' ratios: {turns}")
        print(f"API's resident memory: {memory[0]:.0f} MB before, at most {max(memory[1:]):.0f} MB", flush=True)
        _stop(client, service, spec)


@contextmanager
def served(folder: str) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """The embedded service in an empty data directory."""
    port = free_port()
    environment = os.environ | {"GRADLAB_DATA_DIR": folder, "GRADLAB_PORT": str(port)}
    command = [sys.executable, "-m", "api.cli", "serve"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as service:
        try:
            wait_until(Client(f"http://127.0.0.1:{port}").is_alive, seconds=120)
            yield service, f"http://127.0.0.1:{port}"
        finally:
            service.terminate()


def _train(client: Client, spec: ExperimentSpec) -> float:
    """Seconds from claim to end, by the worker's own timestamps."""
    done = client.submit(spec)
    while not (seen := client.get(done.id)).status.is_finished:
        time.sleep(0.5)
    assert seen.started_at
    assert seen.finished_at
    return (seen.finished_at - seen.started_at).total_seconds()


def _train_listened(client: Client, pid: int, spec: ExperimentSpec) -> tuple[float, float]:
    """The same with listeners, who check what they have heard; and the most memory that the API had meanwhile."""
    submitted, most = client.submit(spec), 0.0
    with _listeners(client.url, str(submitted.id)) as process:
        while not (seen := client.get(submitted.id)).status.is_finished:
            most = max(most, _resident(pid))
            time.sleep(0.5)
        said, _ = process.communicate()
    if process.returncode:
        raise SystemExit("the listeners failed")
    print(said.strip(), flush=True)
    assert seen.started_at
    assert seen.finished_at
    return (seen.finished_at - seen.started_at).total_seconds(), most


def _stop(client: Client, service: "subprocess.Popen[bytes]", spec: ExperimentSpec) -> None:
    submitted = client.submit(spec)
    with _listeners(client.url, str(submitted.id), "--broken-off") as process:
        wait_until(lambda: client.get(submitted.id).progress.epochs_done > 0, seconds=120)
        time.sleep(2)
        begun = time.perf_counter()
        service.send_signal(signal.SIGTERM)
        said, _ = process.communicate()
        ended = time.perf_counter() - begun
        service.wait()
    print(said.strip())
    print(
        f"SIGTERM with all streams open: streams ended after {ended:.1f} s, the process, with its worker, after "
        f"{time.perf_counter() - begun:.1f} s"
    )


def _listeners(url: str, id: str, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "bench.streams", url, id, *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _resident(pid: int) -> float:
    """Megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1e3


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


def check(heard: list[bytes], *, whole: bool) -> None:
    """Every epoch once and in order, for everybody."""
    lengths = set()
    for told in {*heard}:
        events = list(read_events(lines([told.decode()])))
        runs = [run for event in events if event.name == "epochs" for run in event.data["runs"]]
        epochs = [epoch for run in runs for epoch in run["epochs"]]
        assert epochs == list(range(len(epochs)))
        orders = [tuple(map(int, event.id.split("~")[0].split("."))) for event in events]
        assert orders == sorted(set(orders))
        assert not whole or (events[-1].name, len(epochs)) == ("done", EPOCHS + 1)
        lengths.add(len(epochs))
    print(f"{len(heard)} listeners heard {min(lengths)} to {max(lengths)} epochs, each once and in order")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        check(asyncio.run(listen(*sys.argv[1:3])), whole="--broken-off" not in sys.argv)
    else:
        main()
