"""From POST to completed: the tutorial's network 3, 500 epochs, on the embedded default.

    python -m bench.service

A real `gradlab serve` with its worker on a free port and an empty data directory. The first experiment pays for
importing TensorFlow and compiling; the others are what a warm worker takes. Beside each the training alone, as the
worker's own timestamps bound it, so that what the service adds can be seen.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from api.client import Client
from core.spec.experiment import parse

SPEC = Path(__file__).parents[1] / "examples" / "tutorial-3-deep-relu.json"
WARM = 9


def main() -> None:
    """Print the seconds of a cold and of several warm experiments."""
    spec = parse(SPEC.read_bytes())
    with tempfile.TemporaryDirectory() as data_dir, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.close()
        environment = os.environ | {"GRADLAB_DATA_DIR": data_dir, "GRADLAB_PORT": str(port)}
        command = [sys.executable, "-m", "api.cli", "serve"]
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as service:
            try:
                client = Client(f"http://127.0.0.1:{port}")
                _until_it_answers(client)
                seconds = [_post_to_completed(client, spec) for _ in range(1 + WARM)]
            finally:
                service.terminate()
    cold, warm = seconds[0], seconds[1:]
    print(f"POST to completed, first experiment of a new service: {cold:.2f} s")
    print(f"POST to completed, warm: median {median(warm):.2f} s, {min(warm):.2f} to {max(warm):.2f} s, {WARM} times")


def _until_it_answers(client: Client) -> None:
    for _ in range(600):
        if client.is_alive():
            return
        time.sleep(0.1)
    raise SystemExit("the service did not start")


def _post_to_completed(client: Client, spec: object) -> float:
    begun = time.perf_counter()
    submitted = client.submit(spec)
    while client.get(submitted.id).status not in ("completed", "failed"):
        time.sleep(0.01)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
