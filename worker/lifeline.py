"""Lifelines: a worker ends with the service that started it, and each of its children with the worker.

SIGKILL of a parent does not reach its children. Without lifelines they would train on beside those of the next service.
A process whose parent has died gets another one, which `getppid` returns on every Unix. Linux's PR_SET_PDEATHSIG fires
when the *thread* that started the process ends, and Celery's pool starts children from such threads.
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
    """Call `act`, in a thread of its own, once this process's parent is no longer `parent`."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_SECONDS)
        act()

    threading.Thread(target=watch, daemon=True, name="lifeline").start()


def end_with(parent: int, grace: timedelta) -> None:
    """Stop a worker's main process when the service has died: in order within `grace`, then by SIGKILL."""

    def stop() -> None:
        log.warning("service_gone", parent=parent)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace.total_seconds())
        os.kill(os.getpid(), signal.SIGKILL)

    when_orphaned(parent, stop)


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def end_with_the_worker(**_: Any) -> None:
    """Kill a child when its worker has died: no process is left that could stop it in order."""
    when_orphaned(current_process()._parent_pid, lambda: os.kill(os.getpid(), signal.SIGKILL))
