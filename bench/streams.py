"""Two hundred listeners on one API process while an experiment trains.

    python -m bench.streams

A real `gradlab serve` with its worker. Trainings with and without listeners take turns. Each listener keeps its events;
after the training every listener must have received every epoch once and in order. Also measured: the API's resident
memory before and with the listeners, and the time of a SIGTERM with all streams open.

One training has a size that people would watch. The other is the fastest possible, with thousands of epochs a second,
and shows the cost of sending all of them to every listener. The listeners share the machine's cores with the training,
so the figures include their own cost.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.processes import conditions
from bench.serving import served
from gradlab import Client
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from tests.servers import wait_until

TURNS = 5
TUTORIAL = Path(__file__).parents[1] / "examples" / "tutorial-3-deep-relu.json"
DENSE = {"kind": "dense", "units": 128, "activation": "relu", "kernel_initializer": "he_uniform"}
DIGITS = {
    "name": "three layers of 128 on digits",
    "dataset": {"kind": "digits"},
    "model": {"layers": [DENSE, DENSE, DENSE, {"kind": "dense", "units": 10, "activation": "softmax"}]},
    "training": {"loss": "categorical_crossentropy", "optimizer": "adam", "epochs": 1_200, "batch_size": 32},
    "seeds": [0],
}


def main() -> None:
    """Print the ratios of the times, the memory, and the seconds of a stop."""
    fastest = json.loads(TUTORIAL.read_text())
    fastest["training"]["epochs"] = 20_000
    with conditions(), tempfile.TemporaryDirectory() as folder, served(folder) as (service, url):
        client, before = Client(url), _resident(service.pid)
        peak = max(_compared(client, service.pid, parse(json.dumps(fields))) for fields in (DIGITS, fastest))
        print(f"API's resident memory: {before:.0f} MB before, at most {peak:.0f} MB", flush=True)
        _stop(client, service, parse(json.dumps(fastest)))


def _compared(client: Client, pid: int, spec: ExperimentSpec) -> float:
    """Print the slowdown of a training by listeners; return the API's peak resident memory in MB."""
    shorter = spec.training.model_copy(update={"epochs": 10})
    _train(client, spec.model_copy(update={"training": shorter}))  # loads and compiles
    alone, listened, memory = [], [], []
    for _ in range(TURNS):
        alone.append(_train(client, spec))
        seconds, peak = _train_listened(client, pid, spec)
        listened.append(seconds)
        memory.append(peak)
    ratios = [b / a for a, b in zip(alone, listened, strict=True)]
    print(f"{spec.name}, {spec.training.epochs} epochs: {median(alone):.1f} s alone, {median(listened):.1f} s with all")
    turns = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"slower by {100 * (median(ratios) - 1):.1f} %, the median of the turns: {turns}", flush=True)
    return max(memory)


def _train(client: Client, spec: ExperimentSpec) -> float:
    """Train; return the seconds from claim to end, by the worker's timestamps."""
    done = client.submit(spec)
    while not (detail := client.get(done.id)).status.is_finished:
        time.sleep(0.5)
    assert detail.started_at
    assert detail.finished_at
    return (detail.finished_at - detail.started_at).total_seconds()


def _train_listened(client: Client, pid: int, spec: ExperimentSpec) -> tuple[float, float]:
    """Train with listeners, who check their events; return the seconds and the API's peak resident memory in MB."""
    submitted, peak = client.submit(spec), 0.0
    with _listeners(client.url, str(submitted.id), str(spec.training.epochs)) as process:
        while not (detail := client.get(submitted.id)).status.is_finished:
            peak = max(peak, _resident(pid))
            time.sleep(0.5)
        output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"listeners: expected exit status 0, received {process.returncode}")
    print(output.strip(), flush=True)
    assert detail.started_at
    assert detail.finished_at
    return (detail.finished_at - detail.started_at).total_seconds(), peak


def _stop(client: Client, service: "subprocess.Popen[bytes]", spec: ExperimentSpec) -> None:
    submitted = client.submit(spec)
    with _listeners(client.url, str(submitted.id)) as process:
        wait_until(lambda: client.get(submitted.id).progress.epochs_done > 0, seconds=120)
        time.sleep(2)
        begun = time.perf_counter()
        service.send_signal(signal.SIGTERM)
        output, _ = process.communicate()
        ended = time.perf_counter() - begun
        service.wait()
    print(output.strip())
    print(
        f"SIGTERM with all streams open: streams ended after {ended:.1f} s, the process, with its worker, after "
        f"{time.perf_counter() - begun:.1f} s"
    )


def _listeners(url: str, id: str, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "bench.listeners", url, id, *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _resident(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1e3


if __name__ == "__main__":
    main()
