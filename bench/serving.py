"""A real `gradlab serve` with its worker, of the embedded defaults, on a free port."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gradlab import Client
from tests.servers import free_port, wait_until


@contextmanager
def served(data_dir: str | Path) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """Run the embedded service in a data directory; yield its process and address.

    Settings of the surrounding environment do not reach it: it has those that a new user has.
    """
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GRADLAB_")}
    environment = clean | {"GRADLAB_DATA_DIR": str(data_dir), "GRADLAB_PORT": str(port)}
    command = [sys.executable, "-m", "gradlab.cli", "serve"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as service:
        try:
            with Client(f"http://127.0.0.1:{port}") as client:
                wait_until(client.is_alive, seconds=120)
            yield service, f"http://127.0.0.1:{port}"
        finally:
            service.terminate()
