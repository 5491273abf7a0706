"""The embedded service: API and worker, started and stopped as one."""

import asyncio
import gc
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.http.dependencies import Services
from api.http.server import ClientConnection, Connections
from core.disk import survive_full_logs
from core.settings import Settings
from core.store.migrate import check_revision, upgrade
from gradlab.errors import DatabaseTooNew, Unavailable

# Ctrl-C, a service manager's stop, and a terminal that is closed.
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A worker that dies at once, again and again, is started again ever more slowly.
FIRST_PAUSE, LONGEST_PAUSE, LONG_LIFE = 0.5, 30.0, 60.0
POLL_SECONDS = 0.1
# Connections that are accepted before any of them is looked at, and those that wait in the kernel for that. asyncio
# takes both for one number, and while descriptors are lacking it logs so many errors a second.
MAX_ACCEPTED, MAX_QUEUED = 16, 1024
# What is printed for a service that listens on all addresses: they are nobody's name.
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def serve(settings: Settings, *, api_only: bool) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP. With the worker: migrate first, keep it running, stop it with us.

    Raises:
        Unavailable: the port is taken, the data directory cannot be made, or the database does not answer.
        DatabaseTooNew: a later version has migrated the database.
    """
    survive_full_logs()
    server, listener = _api(settings), _listen(settings)
    _make_room(settings)
    if api_only:
        _refuse_later_version(settings)
    else:
        upgrade(settings.database)
    with listener, _stopped_by_signals(server), nullcontext() if api_only else worker_beside(settings):
        host = EVERYWHERE.get(settings.host, settings.host)
        host = f"[{host}]" if ":" in host else host
        # What is there now stays: nobody who makes many objects has to wait until all of it has been looked through.
        gc.freeze()
        print(f"Gradient Lab is on http://{host}:{listener.getsockname()[1]}, documented at /docs.", flush=True)
        server.run([listener])


def _refuse_later_version(settings: Settings) -> None:
    """Raise DatabaseTooNew. A database that is away or still has to be migrated may come: /readyz says so."""
    try:
        check_revision(settings.database)
    except DatabaseTooNew:
        raise
    except Unavailable:
        pass


def _make_room(settings: Settings) -> None:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"Cannot make the data directory {settings.data_dir}: {error.strerror}.") from error


class _Api(uvicorn.Server):
    """A server that leaves the signals to `_stopped_by_signals`.

    Uvicorn's own way ends the process by the signal once the API has stopped, before the worker could be.
    """

    def __init__(self, app: FastAPI, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self._app, self._connections = app, connections

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, with a queue longer than what is accepted at a time."""
        asyncio.get_running_loop().set_exception_handler(self._connections.quietly)
        await super().startup(sockets)
        for each in sockets or []:
            each.listen(MAX_QUEUED)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the open streams first: it is for them that uvicorn would wait."""
        services: Services = self._app.state.services
        await services.live.close()
        await super().shutdown(sockets)


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    before = {each: signal.signal(each, server.handle_exit) for each in STOPS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _api(settings: Settings) -> uvicorn.Server:
    app, connections = create_app(settings), Connections(settings)
    config = uvicorn.Config(
        app,
        http=partial(ClientConnection, connections),  # type: ignore[arg-type]
        timeout_keep_alive=math.ceil(settings.keep_alive.total_seconds()),
        backlog=MAX_ACCEPTED,
        log_level="error",  # a warning is what anybody can cause who sends something else than HTTP
        server_header=False,
        # A download that somebody does not take would otherwise hold up a stop for ever.
        timeout_graceful_shutdown=5,
    )
    return _Api(app, config, connections)


def _listen(settings: Settings) -> socket.socket:
    """The port, taken before anything else is started."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise Unavailable(f"Cannot listen on {settings.host}, port {settings.port}: {error.strerror}.") from error
    # Connections inherit it. asyncio sets it only on sockets that name their protocol, and without it an answer in two
    # packets waits 40 ms for the client's delayed acknowledgement of the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


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


def _keep_a_worker(settings: Settings, stopping: threading.Event) -> None:
    pause = FIRST_PAUSE
    while not stopping.is_set():
        begun = time.monotonic()
        # A session of its own: Ctrl-C in the terminal reaches only us, and we stop the worker in order.
        # Should we be killed, it sees that we are gone.
        ours = os.environ | {"GRADLAB_PARENT_PID": str(os.getpid())}
        worker = subprocess.Popen([sys.executable, "-m", "worker"], env=ours, start_new_session=True)
        while worker.poll() is None and not stopping.wait(POLL_SECONDS):
            pass
        if stopping.is_set():
            _stop(worker, settings.grace.total_seconds())
            return
        _kill_group(worker)
        print(f"gradlab: the worker ended with status {worker.returncode}; starting another", file=sys.stderr)
        pause = FIRST_PAUSE if time.monotonic() - begun > LONG_LIFE else min(LONGEST_PAUSE, pause * 2)
        stopping.wait(pause)


def _stop(worker: "subprocess.Popen[bytes]", grace: float) -> None:
    worker.terminate()
    with suppress(subprocess.TimeoutExpired):
        worker.wait(grace)
    _kill_group(worker)
    worker.wait()


def _kill_group(worker: "subprocess.Popen[bytes]") -> None:
    """Whatever is left of the worker and its children: it leads a session, and so a process group, of its own."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
