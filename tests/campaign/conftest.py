"""A hostile campaign against a real service: what these tests share."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from core.store import ExperimentStore
from tests.builders import MINUTE
from tests.conftest import load_services
from tests.servers import DEADLINE, free_port, wait_until
from tests.services import GRADLAB, alone

pytest_configure = load_services


@pytest.fixture(scope="session")
def live_folder(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Path:
    """The data directory of a service."""
    folder = tmp_path_factory.mktemp("live")
    shutil.copy(migrated_file, folder / "gradlab.db")
    return folder


@pytest.fixture(scope="session")
def live_store(live_folder: Path) -> Iterator[ExperimentStore]:
    """The store of that service, for what a worker would write."""
    store = ExperimentStore(f"sqlite:///{live_folder / 'gradlab.db'}", lease=MINUTE, max_attempts=3)
    yield store
    store.close()


@pytest.fixture(scope="session")
def live_api(live_folder: Path) -> Iterator[str]:
    """The address of `gradlab serve --api-only` in a process of its own, without a key and without a worker."""
    folder, port = live_folder, free_port()
    url = f"http://127.0.0.1:{port}"
    command = [GRADLAB, "serve", "--api-only", "--port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=alone(DATA_DIR=str(folder)), stdout=log, stderr=log)
    try:
        wait_until(lambda: _is_alive(url, process, folder / "log"))
        yield url
    finally:
        process.terminate()
        process.wait(DEADLINE)


def _is_alive(url: str, process: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        return httpx2.get(f"{url}/livez").status_code == 200
    except httpx2.TransportError:
        return False
