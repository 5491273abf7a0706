"""Time from POST to completed for the tutorial's network 3, 500 epochs, and of a triage beside a training.

    python -m bench.service

A real `gradlab serve` with its worker on a free port, an empty data directory and the embedded defaults. The time of
the first experiment includes importing TensorFlow and compiling; the others are those of a warm worker. Then the only
worker trains for long, and triages are requested meanwhile: of networks that are new to it, and again.
"""

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from bench.networks import convolutional, recurrent, tutorial
from bench.serving import served
from gradlab import Client
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse

SPEC = Path(__file__).parents[1] / "examples" / "tutorial-3-deep-relu.json"
WARM = 9
# Longer than all triages together.
LONG_EPOCHS = 100_000
# A network of dense layers is probed in a plain graph; for recurrent layers and convolutions a program is compiled.
TRIAGED: dict[str, Callable[..., str]] = {"dense": tutorial, "gru": partial(recurrent, "gru"), "conv2d": convolutional}


def main() -> None:
    """Print the seconds of a cold and of several warm experiments."""
    spec = parse(SPEC.read_bytes())
    with tempfile.TemporaryDirectory() as data_dir, served(data_dir) as (_, url):
        client = Client(url)
        seconds = [_post_to_completed(client, spec) for _ in range(1 + WARM)]
        triages = _triages_beside(client, spec)
    cold, warm = seconds[0], seconds[1:]
    print(f"POST to completed, first experiment of a new service: {cold:.2f} s")
    print(f"POST to completed, warm: median {median(warm):.2f} s, {min(warm):.2f} to {max(warm):.2f} s, {WARM} times")
    for name, (first, *others) in triages.items():
        print(
            f"triage while the only worker trains, {name}: {first:.2f} s, then {', '.join(f'{s:.2f}' for s in others)}"
        )


def _triages_beside(client: Client, spec: ExperimentSpec) -> dict[str, list[float]]:
    """Return the seconds of three triages of each network while the worker trains."""
    long = spec.model_copy(update={"training": spec.training.model_copy(update={"epochs": LONG_EPOCHS})})
    busy = client.submit(long).id
    while client.get(busy).progress.epochs_done < 1:
        time.sleep(0.1)
    specs = {name: parse(network(record="standard", epochs=10).encode()) for name, network in TRIAGED.items()}
    seconds = {name: [_seconds(partial(client.triage, each)) for _ in range(3)] for name, each in specs.items()}
    client.cancel(busy)
    return seconds


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def _post_to_completed(client: Client, spec: ExperimentSpec) -> float:
    begun = time.perf_counter()
    submitted = client.submit(spec)
    while client.get(submitted.id).status not in ("completed", "failed"):
        time.sleep(0.01)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
