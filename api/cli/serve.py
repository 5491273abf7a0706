"""The embedded service: API and worker, started and stopped as one."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from api.app import create_app
from core.settings import Settings
from core.store.migrate import upgrade

# A worker that dies at once, again and again, is started again ever more slowly.
FIRST_PAUSE, LONGEST_PAUSE, LONG_LIFE = 0.5, 30.0, 60.0


def serve(settings: Settings, *, api_only: bool) -> None:
    """Serve until SIGINT or SIGTERM. With the worker: migrate first, keep it running, stop it with us."""
    if api_only:
        _api(settings).run()
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database)
    with worker_beside(settings):
        _api(settings).run()


@contextmanager
def worker_beside(settings: Settings) -> Iterator[None]:
    """A worker that runs, and is started again if it dies, for as long as the block lasts."""
    stopping = threading.Event()
    keeper = threading.Thread(target=_keep_a_worker, args=(settings, stopping), name="worker-keeper")
    keeper.start()
    try:
        yield
    finally:
        stopping.set()
        keeper.join()


def _api(settings: Settings) -> uvicorn.Server:
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        server_header=False,
        # Open streams would otherwise hold up a stop for ever.
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(config)


def _keep_a_worker(settings: Settings, stopping: threading.Event) -> None:
    pause = FIRST_PAUSE
    while not stopping.is_set():
        begun = time.monotonic()
        # A session of its own: Ctrl-C in the terminal reaches only us, and we stop the worker in order.
        worker = subprocess.Popen([sys.executable, "-m", "worker"], start_new_session=True)
        while worker.poll() is None and not stopping.wait(0.2):
            pass
        if stopping.is_set():
            _stop(worker, settings.grace.total_seconds())
            return
        print(f"gradlab: the worker ended with status {worker.returncode}; starting another", file=sys.stderr)
        pause = FIRST_PAUSE if time.monotonic() - begun > LONG_LIFE else min(LONGEST_PAUSE, pause * 2)
        stopping.wait(pause)


def _stop(worker: "subprocess.Popen[bytes]", grace: float) -> None:
    worker.terminate()
    try:
        worker.wait(grace)
    except subprocess.TimeoutExpired:
        _kill_group(worker)
        worker.wait()


def _kill_group(worker: "subprocess.Popen[bytes]") -> None:
    """The worker and its children: it leads a session, and so a process group, of its own."""
    os.killpg(worker.pid, signal.SIGKILL)
