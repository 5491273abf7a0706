"""A worker ends with the service that has started it, and each of its children with the worker.

SIGKILL of a parent reaches nobody else: without this its processes would train on, beside those of the next service.
A process whose parent has died is given another one, which a look at `getppid` shows on every Unix. Linux's
PR_SET_PDEATHSIG would fire when the *thread* ends that has started us, and pools start children from threads that end.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from billiard import current_process
from celery import signals

log = structlog.get_logger()

POLL_SECONDS = 0.5


def when_orphaned(parent: int, act: Callable[[], None]) -> None:
    """Call `act`, in a thread of its own, once `parent` is no longer this process's parent."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_SECONDS)
        act()

    threading.Thread(target=watch, daemon=True, name="lifeline").start()


def end_with(parent: int, grace: timedelta) -> None:
    """In a worker's main process: stop in order when the service has died, at the latest after `grace`."""

    def stop() -> None:
        log.warning("service_gone", parent=parent)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace.total_seconds())
        os.kill(os.getpid(), signal.SIGKILL)

    when_orphaned(parent, stop)


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def end_with_the_worker(**_: Any) -> None:
    """In a child, before its first task: nobody is left who could stop it in order or give it another task."""
    when_orphaned(current_process()._parent_pid, lambda: os.kill(os.getpid(), signal.SIGKILL))
