"""More half-sent requests than the service may have file descriptors: others are answered all the while."""

import resource
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, closing
from pathlib import Path

from tests.campaign.watching import call
from tests.servers import DEADLINE, free_port, wait_until
from tests.services import GRADLAB, alone

FILES = 256
HALVES = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ",
    b"POST /experiments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
)
QUESTIONS, PAUSE_SECONDS = 10, 0.3


def answers(url: str) -> bool:
    try:
        return call(url, "GET", "/livez")[0] == 200
    except OSError:
        return False


def test_others_are_answered_while_connections_are_held(migrated_file: Path, tmp_path: Path):
    shutil.copy(migrated_file, tmp_path / "gradlab.db")
    port = free_port()
    url, log = f"http://127.0.0.1:{port}", tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [GRADLAB, "serve", "--api-only", "--port", str(port)],
            cwd=tmp_path,
            env=alone(DATA_DIR=str(tmp_path)),
            stdout=output,
            stderr=output,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES)),
        )
    try:
        wait_until(lambda: answers(url))
        with ExitStack() as held:
            for number in range(FILES + 50):
                connection = held.enter_context(closing(socket.create_connection(("127.0.0.1", port), 10)))
                connection.sendall(HALVES[number % 2])
            for _ in range(QUESTIONS):
                assert answers(url), log.read_text()[-2000:]
                time.sleep(PAUSE_SECONDS)
        assert log.stat().st_size < 10_000
    finally:
        process.terminate()
        process.wait(DEADLINE)
