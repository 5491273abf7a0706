"""The watch of a worker's main process over its training processes: their sizes and their deaths.

A killed child cannot report anything. Its size is therefore polled while it lives, and its death is stored at once, so
that the experiment does not wait until its lease expires.
"""

import re
import signal
import socket
import threading
import time
from functools import partial
from typing import Any

import structlog
from billiard.exceptions import WorkerLostError
from celery import bootsteps
from celery.worker.request import Request
from celery.worker.state import active_requests

from core import outages
from core.settings import Settings
from core.store import Death, ExperimentStore
from gradlab.errors import Unavailable
from worker.memory import oom_kills, resident_bytes

log = structlog.get_logger()

# Memory grows by some hundred megabytes a second while a large dataset is made.
POLL_SECONDS = 0.2
# Time by which the system's counter of out-of-memory kills may be late.
COUNTED_SECONDS = 5.0


def worker_name(pid: int) -> str:
    """Return the name of a training process in the database."""
    return f"{socket.gethostname()}:{pid}"


class Watch:
    """The sizes of the training processes, and the time of the system's last out-of-memory kill."""

    def __init__(self) -> None:
        self._sizes: dict[int, int] = {}
        self._kills, self._killed_at = oom_kills(), -COUNTED_SECONDS

    def poll(self) -> None:
        """Measure every training process once."""
        try:
            pids = {each.worker_pid for each in list(active_requests)} - {None}
        except RuntimeError:  # the set of weak references changed meanwhile
            return
        seen = {pid: size for pid in pids if (size := resident_bytes(pid))}
        # A dead process stays in the set until its death is reported, and keeps its last size.
        self._sizes = {pid: size for pid, size in self._sizes.items() if pid in pids} | seen
        self._count()

    def death(self, pid: int, by: int | None) -> Death:
        """Return the death of a process; `by` is the signal that ended it."""
        self._count()
        lately = time.monotonic() - self._killed_at < COUNTED_SECONDS + LOST_SECONDS
        return Death(by, by == signal.SIGKILL and lately, self._sizes.get(pid))

    def _count(self) -> None:
        kills = oom_kills()
        if kills is not None and self._kills is not None and kills > self._kills:
            self._killed_at = time.monotonic()
        self._kills = kills


# Time that Celery waits for the last messages of a process that has died.
LOST_SECONDS = 2.0
watch = Watch()


class TrainRequest(Request):  # type: ignore[misc]
    """A task's request in the main process. Celery calls it when the training process has died."""

    def on_failure(self, exc_info: Any, *arguments: Any, **options: Any) -> None:
        """Report the death of the training process, if that is why the task failed."""
        error = getattr(exc_info.exception, "exc", exc_info.exception)
        if isinstance(error, WorkerLostError) and self.worker_pid:
            match = re.search(r"signal (\d+)", str(error))
            death = watch.death(self.worker_pid, int(match[1]) if match else None)
            details = self.app.conf.gradlab_settings, self.worker_pid, death
            # In a thread: the database may be away, and the caller has to read messages.
            threading.Thread(target=_report_death, args=details, daemon=True, name="report-death").start()
        super().on_failure(exc_info, *arguments, **options)


def _report_death(settings: Settings, pid: int, death: Death) -> None:
    store = ExperimentStore(settings.database, lease=settings.lease, max_attempts=settings.max_attempts)
    report = partial(store.deaths.requeue_or_fail, worker=worker_name(pid), death=death)
    try:
        # No longer than the lease: the sweep requeues the experiment then.
        requeued = outages.insist(report, patience=settings.lease, stopping=lambda: False, sleep=time.sleep)
        log.error("process_died", experiments=[str(each) for each in requeued], pid=pid, death=death)
    except Unavailable as away:
        log.error("process_died", pid=pid, death=death, reason=str(away))
    finally:
        store.close()


class Deaths(bootsteps.StartStopStep):  # type: ignore[misc]
    """A thread of the worker's main process that polls the training processes."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._stop = threading.Event()

    def start(self, worker: Any) -> None:
        """Start the thread."""
        threading.Thread(target=self._run, daemon=True, name="deaths").start()

    def stop(self, worker: Any) -> None:
        """Stop the thread."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            watch.poll()
