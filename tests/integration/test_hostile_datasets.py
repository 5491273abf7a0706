"""Hostile files, sent to a real service: each is refused soon, with a problem, and costs the service no memory."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from core.store import ExperimentStore
from tests.builders import MINUTE
from tests.hostile_files import FILES
from tests.servers import DEADLINE, free_port, wait_until
from tests.services import GRADLAB, alone
from worker.memory import resident_bytes

WAS_HERE = Path("/tmp/gradlab-was-here")
MAX_MEMORY = 100_000_000
# Each takes less than three on a machine that does nothing else; a parser that hangs takes for ever.
MAX_SECONDS = 15.0
# The child, with its libraries and a file of MAX_DATASET_BYTES.
MAX_CHILD_MEMORY = 400_000_000


@pytest.fixture(scope="module")
def api(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx2.Client, int, Path]]:
    """A service without a worker: its client, its process, and its data directory."""
    folder, port = tmp_path_factory.mktemp("api"), free_port()
    (folder / "gradlab.db").write_bytes(migrated_file.read_bytes())
    settings = alone(DATA_DIR=str(folder), MAX_DATASET_BYTES="20000000", HEADER_TIMEOUT="60")
    with (folder / "log").open("w") as log:
        command = [GRADLAB, "serve", "--api-only", "--port", str(port)]
        process = subprocess.Popen(command, cwd=folder, env=settings, stdout=log, stderr=log)
    client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE)
    try:
        wait_until(lambda: _is_alive(client))
        yield client, process.pid, folder
    finally:
        client.close()
        process.terminate()
        process.wait(DEADLINE)


def _is_alive(client: httpx2.Client) -> bool:
    try:
        return client.get("/livez").status_code == 200
    except httpx2.TransportError:
        return False


def checked(client: httpx2.Client, location: str) -> dict:
    while (answer := client.get(location).json())["status"] == "checking":
        time.sleep(0.02)
    return answer


def test_each_is_refused_within_seconds_and_the_service_keeps_its_size(api):
    client, pid, folder = api
    WAS_HERE.unlink(missing_ok=True)
    # The child is warm, and the API has loaded what it loads for uploads.
    client.post("/datasets", content=b"a,b\n1,2\n", headers={"Content-Type": "text/csv"})
    before, slowest = resident_bytes(pid), 0.0
    for name, (media_type, make, reason, at_once) in FILES.items():
        content = make()
        begun = time.monotonic()
        answer = client.post("/datasets", content=content, headers={"Content-Type": media_type}, params={"name": name})
        if at_once:
            assert answer.status_code == 422, (name, answer.text)
            problem = answer.json()
        else:
            assert answer.status_code == 202, (name, answer.text)
            dataset = checked(client, answer.headers["Location"])
            assert dataset["status"] == "refused", (name, dataset)
            problem = dataset["problem"]
        slowest = max(slowest, time.monotonic() - begun)
        assert child_peak(pid) < MAX_CHILD_MEMORY, (name, child_peak(pid))
        assert problem["status"] == 422
        assert reason in problem["detail"], name
        grown = resident_bytes(pid) - before
        assert grown < MAX_MEMORY, (name, grown)
    assert not WAS_HERE.exists()
    assert slowest < MAX_SECONDS
    assert len(FILES) >= 30
    answer = client.post("/datasets", content=b"a,b\n3,4\n", headers={"Content-Type": "text/csv"})
    assert checked(client, answer.headers["Location"])["status"] == "ready"
    store = ExperimentStore(f"sqlite:///{folder}/gradlab.db", lease=MINUTE, max_attempts=3)
    named = store.named_blobs([path.name for path in (folder / "blobs").glob("*/*")])
    store.close()
    assert len(named) == 2, "the sweep collects refused files"


def test_an_upload_that_is_cut_off_leaves_nothing(api):
    client, pid, folder = api
    files, listed = set(folder.rglob("*")), client.get("/datasets").json()["datasets"]
    host, port = client.base_url.host, client.base_url.port
    head = f"POST /datasets HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/csv\r\nContent-Length: 9000000\r\n\r\n"
    with socket.create_connection((host, port)) as connection:
        connection.sendall(head.encode() + b"a,b\n" + b"1,2\n" * 500_000)
        wait_until(lambda: has_nameless_file(pid))
    wait_until(lambda: not has_nameless_file(pid))
    assert client.get("/datasets").json()["datasets"] == listed
    assert set(folder.rglob("*")) == files


def child_peak(pid: int) -> int:
    """The largest memory that the process that reads files has had, in bytes; 0 if there is none just now."""
    children = (each.read_text().split() for each in Path(f"/proc/{pid}/task").glob("*/children"))
    for child in (number for numbers in children for number in numbers):
        with suppress(FileNotFoundError, ProcessLookupError):
            if b"core.samples.child" in Path(f"/proc/{child}/cmdline").read_bytes():
                fields = dict(line.split(":", 1) for line in Path(f"/proc/{child}/status").read_text().splitlines())
                return int(fields.get("VmHWM", "0 kB").split()[0]) * 1024
    return 0


def has_nameless_file(pid: int) -> bool:
    """True if a process has a file open that is in no folder."""
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            if "(deleted)" in os.readlink(each):
                return True
    return False
