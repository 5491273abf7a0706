"""`docker compose up` with the profile `s3`, for tests: short leases, a free port, volumes of its own."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from gradlab import Client
from tests.servers import free_port, wait_until
from tests.workers import ROOT

# A build installs TensorFlow.
BUILD_SECONDS, COMMAND_SECONDS = 1_800, 300
# The first start migrates a database.
START_SECONDS = 180.0
STORAGE = {
    "GRADLAB_STORAGE_URL": "s3://lab/blobs",
    "GRADLAB_STORAGE_PLAIN_HTTP": "true",
    "AWS_ENDPOINT_URL": "http://objects:5000",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
}
# Beside the composition's own settings: what a test would wait a minute for.
SHORTER = """\
services:
  worker:
    environment: {GRADLAB_LEASE: PT10S, GRADLAB_SWEEP_EVERY: PT1S, GRADLAB_CHECKPOINT_EVERY: PT1S}
"""
LISTING = "http://127.0.0.1:5000/lab?list-type=2&prefix=blobs/"
# The collection of a worker, which leaves blobs alone for an hour, at once.
COLLECT = """
from datetime import timedelta
from core.blobs import open_blobs
from core.settings import Settings
from core.store import ExperimentStore
from core.use_cases import collecting
collecting.MIN_AGE = timedelta()
settings = Settings()
store = ExperimentStore(settings.database, lease=settings.lease, max_attempts=settings.max_attempts)
print(collecting.collect(store=store, blobs=open_blobs(settings)))
"""


@cache
def compose() -> list[str] | None:
    """The command of Docker Compose; None without one, and without an engine that answers."""
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True).returncode:
        return None
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0
    return ["docker", "compose"] if plugin else ["docker-compose"] if shutil.which("docker-compose") else None


class Composition:
    """The services of `docker-compose.yml`, objects on S3 among them."""

    def __init__(self, folder: Path) -> None:
        self._more = folder / "shorter.yml"
        self._more.write_text(SHORTER)
        self.port, self._name = free_port(), f"gradlab-{os.getpid()}"
        self.client = Client(f"http://127.0.0.1:{self.port}")

    def run(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> str:
        """Run a command of Docker Compose; its output."""
        files = ["--project-name", self._name, "--file", "docker-compose.yml", "--file", str(self._more)]
        command = [*(compose() or ()), *files, "--profile", "s3", *arguments]
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("GRADLAB_", "AWS_"))}
        environment = clean | STORAGE | {"GRADLAB_PORT": str(self.port)}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )
        assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
        return done.stdout

    def start(self) -> None:
        """Build what is not built, start everything, and wait until the service answers."""
        self.run("build", seconds=BUILD_SECONDS)
        self.run("up", "--detach")
        wait_until(self.client.is_alive, seconds=START_SECONDS, every=0.5)

    def remove(self) -> None:
        """End all containers, and delete their volumes."""
        self.client.close()
        self.run("down", "--volumes", "--timeout", "5")

    def objects(self) -> dict[str, int]:
        """Size in bytes of each object of the storage but the one that names the database, by its hash."""
        code = f"import urllib.request; print(urllib.request.urlopen({LISTING!r}).read().decode())"
        listing = self.run("exec", "-T", "objects", "python", "-c", code)
        found = re.findall(r"<Key>([^<]+)</Key>.*?<Size>(\d+)</Size>", listing, re.S)
        return {key.rpartition("/")[2]: int(size) for key, size in found if not key.endswith("/database")}

    def collected(self) -> int:
        """Delete what no row names, as a worker does within two hours; the number of blobs."""
        return int(self.run("exec", "-T", "worker", "python", "-c", COLLECT).split()[-1])

    def files(self, service: str, folder: str) -> list[str]:
        """The files below a folder of a service's container."""
        return self.run("exec", "-T", service, "find", folder, "-type", "f").split()
