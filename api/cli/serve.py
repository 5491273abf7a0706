"""Embedded service: API and worker, started and stopped together."""

import asyncio
import errno
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
from core.device import check_device
from core.disk import survive_full_logs
from core.settings import Settings
from core.store.migrate import check_revision, upgrade
from gradlab.errors import DatabaseTooNew, Unavailable

# Ctrl-C, a stop by a service manager, and the end of the terminal.
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Pauses before a worker is restarted, in seconds. They double from MIN_PAUSE to MAX_PAUSE if the worker dies again, and
# begin anew after it has run for STABLE_SECONDS.
MIN_PAUSE, MAX_PAUSE, STABLE_SECONDS = 0.5, 30.0, 60.0
POLL_SECONDS = 0.1
# Connections accepted in one step, and connections that wait in the kernel. asyncio uses one number for both, and logs
# that many errors a second while file descriptors are exhausted.
MAX_ACCEPTED, MAX_QUEUED = 16, 1024
# Objects made between two garbage collections. Answers leave next to no garbage in cycles, and a table of 10,000
# cells is made of 200,000 objects: collected every 700, Python's default, it takes 0.76 s of processor time, so 0.43 s.
COLLECTED_OBJECTS = 10_000
# Addresses printed for a service that listens on all addresses.
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def serve(settings: Settings, *, api_only: bool) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP. Unless `api_only`, migrate the database first and keep a worker running.

    Raises:
        Unavailable: the port is taken, the data directory cannot be created, or the database is unreachable.
        DatabaseTooNew: a later version has migrated the database.
        Invalid: the machine does not have the device for the worker.
    """
    if not api_only:
        check_device(settings.device)
    survive_full_logs()
    server, listener = _api(settings), _listen(settings)
    _create_data_dir(settings)
    if api_only:
        _refuse_later_version(settings)
    else:
        upgrade(settings.database)
    with listener, _stopped_by_signals(server), nullcontext() if api_only else worker_beside(settings):
        host = EVERYWHERE.get(settings.host, settings.host)
        host = f"[{host}]" if ":" in host else host
        # Objects that exist now are permanent: the garbage collector need not scan them.
        gc.freeze()
        gc.set_threshold(COLLECTED_OBJECTS)
        print(f"Gradient Lab is on http://{host}:{listener.getsockname()[1]}, documented at /docs.", flush=True)
        server.run([listener])


def _refuse_later_version(settings: Settings) -> None:
    """Refuse a database of a later version. One that is unreachable, or not yet migrated, is reported by /readyz.

    Raises:
        DatabaseTooNew: a later version has migrated the database.
    """
    try:
        check_revision(settings.database)
    except DatabaseTooNew:
        raise
    except Unavailable:
        pass


def _create_data_dir(settings: Settings) -> None:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"Cannot make the data directory {settings.data_dir}: {error.strerror}.") from error


class _Api(uvicorn.Server):
    """Server that leaves signals to `_stopped_by_signals`.

    Uvicorn's own handler ends the process by the signal as soon as the API has stopped, before the worker is stopped.
    """

    def __init__(self, app: FastAPI, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self._app, self._connections = app, connections

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, with a queue longer than the number of connections accepted in one step."""
        asyncio.get_running_loop().set_exception_handler(self._connections.handle_exception)
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(MAX_QUEUED)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the event streams first: Uvicorn would wait for them."""
        services: Services = self._app.state.services
        await services.end_streams()
        await super().shutdown(sockets)


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    previous = {number: signal.signal(number, server.handle_exit) for number in STOPS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _api(settings: Settings) -> uvicorn.Server:
    app, connections = create_app(settings), Connections(settings)
    config = uvicorn.Config(
        app,
        http=partial(ClientConnection, connections),  # type: ignore[arg-type]
        timeout_keep_alive=math.ceil(settings.keep_alive.total_seconds()),
        backlog=MAX_ACCEPTED,
        log_level="error",  # any client can cause warnings by sending something other than HTTP
        server_header=False,
        # Without it a download that the client does not read would delay the stop for ever.
        timeout_graceful_shutdown=5,
    )
    return _Api(app, config, connections)


def _listen(settings: Settings) -> socket.socket:
    """Bind the port, before anything else is started."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        is_taken = error.errno == errno.EADDRINUSE
        why = (
            "another program listens there; --port names another port, 0 takes a free one"
            if is_taken
            else error.strerror
        )
        raise Unavailable(f"Cannot listen on {settings.host}, port {settings.port}: {why}.") from error
    # Connections inherit the option; asyncio sets it only on sockets that name their protocol. Without it the second
    # packet of a response waits 40 ms for the client's delayed acknowledgement of the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


@contextmanager
def worker_beside(settings: Settings) -> Iterator[None]:
    """Keep a worker running until the block ends; it is restarted if it dies."""
    stopping = threading.Event()
    supervisor = threading.Thread(target=_supervise_worker, args=(settings, stopping), name="worker-supervisor")
    supervisor.start()
    try:
        yield
    finally:
        stopping.set()
        supervisor.join()


def _supervise_worker(settings: Settings, stopping: threading.Event) -> None:
    pause = MIN_PAUSE
    while not stopping.is_set():
        started = time.monotonic()
        # A session of its own: Ctrl-C in the terminal reaches only this process, which then stops the worker.
        # If this process is killed, the worker notices by the id of its parent.
        environment = os.environ | {"GRADLAB_PARENT_PID": str(os.getpid())}
        worker = subprocess.Popen([sys.executable, "-m", "worker"], env=environment, start_new_session=True)
        while worker.poll() is None and not stopping.wait(POLL_SECONDS):
            pass
        if stopping.is_set():
            _stop(worker, settings.grace.total_seconds())
            return
        _kill_group(worker)
        print(f"gradlab: the worker ended with status {worker.returncode}; starting another", file=sys.stderr)
        pause = MIN_PAUSE if time.monotonic() - started > STABLE_SECONDS else min(MAX_PAUSE, pause * 2)
        stopping.wait(pause)


def _stop(worker: "subprocess.Popen[bytes]", grace: float) -> None:
    worker.terminate()
    with suppress(subprocess.TimeoutExpired):
        worker.wait(grace)
    _kill_group(worker)
    worker.wait()


def _kill_group(worker: "subprocess.Popen[bytes]") -> None:
    """Kill the worker and its children: it leads a session, and therefore a process group, of its own."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
