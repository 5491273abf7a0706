"""A disk that fills up under a training: it is said, nothing is lost, and all goes on once there is room again."""

import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from gradlab.client.client import Unreachable
from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec
from tests.builders import a_spec
from tests.servers import wait_until
from tests.services import PATIENCE, Service

SIZE = "64m"
FULL_SECONDS = 45.0
# From the moment there is room until everything has ended: four short trainings, and a compilation.
RECOVERY_SECONDS = 90.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, which a test may fill up."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        missing = (
            f"this test needs a small file system, and may not mount one (as root it may): {mounted.stderr.strip()}"
        )
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)  # what has just ended may still be leaving


def fill(folder: Path) -> None:
    """Take all the room there is, to the last page."""
    for size in (1 << 20, 4096):
        with (folder / f"ballast-{size}").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass


def spec(epochs: int) -> ExperimentSpec:
    """A network about which everything is recorded."""
    return a_spec(name="disk full", epochs=epochs, layers=4, record="full")


def submit_while_full(service: Service) -> list[object]:
    """Submit every few seconds; the ids of what was taken in all the same."""
    taken: list[object] = []
    refusals: list[str] = []
    end = time.monotonic() + FULL_SECONDS
    while time.monotonic() < end:
        try:
            taken.append(service.client.submit(spec(300)).id)
        except Unreachable as refusal:  # 503
            refusals.append(str(refusal))
        time.sleep(5)
    assert refusals
    assert {"disk is full" in each for each in refusals} == {True}, refusals
    return taken


@pytest.fixture
def service(small_disk: Path) -> Iterator[Service]:
    """A service that has everything on the small disk: database, broker, compile cache, log."""
    compiled = small_disk / "compiled"
    compiled.mkdir()
    made = Service(small_disk, compiled, LEASE="PT20S")
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.mark.campaign
def test_everything_goes_on_once_there_is_room_again(small_disk: Path, service: Service):
    ids = [service.client.submit(spec(8_000)).id]
    wait_until(lambda: service.client.get(ids[0]).progress.epochs_done > 0, seconds=PATIENCE)
    worker = service.worker()
    fill(small_disk)
    ready = httpx2.get(f"{service.client.url}/readyz")
    assert ready.status_code == 503
    assert "The disk is full" in ready.json()["checks"]["disk"]
    ids += submit_while_full(service)
    for each in small_disk.glob("ballast-*"):
        each.unlink()
    begun = time.monotonic()
    for each in ids:
        finished = service.client.wait(each)
        assert (finished.status, finished.progress.epochs_done) == (Status.completed, finished.progress.epochs_total)
    assert time.monotonic() - begun < RECOVERY_SECONDS
    assert httpx2.get(f"{service.client.url}/readyz").status_code == 200
    assert service.worker() == worker
    assert service.stop() == 0
    with sqlite3.connect(small_disk / "data" / "gradlab.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
