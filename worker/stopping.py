"""Stopping a worker's children: SIGTERM reaches the main process only, which signals them.

The main process sends SIGURG until they have ended. The default action of that signal is to ignore it: a child that is
starting is not harmed, and receives the next one once it is ready. It then claims no experiment, and requeues the one
that it trains after the current chunk. (Celery uses SIGUSR1 itself, and its pool kills by SIGUSR2.)
"""

import os
import signal
import threading
from contextlib import suppress
from types import FrameType
from typing import Any

from billiard import active_children
from celery import signals

STOP_SIGNAL = signal.SIGURG
REPEAT_SECONDS = 0.2

_stop_requested = False


def stopping() -> bool:
    """Return True once this child has received the signal to stop."""
    return _stop_requested


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator]
def stop_children(**_: Any) -> None:
    """Start the thread that signals the children. It runs in the main process, called by its signal handler."""
    threading.Thread(target=_signal_children, daemon=True, name="stop-children").start()


def _signal_children() -> None:
    pause = threading.Event()
    while True:
        for child in active_children():
            with suppress(ProcessLookupError):
                os.kill(child.pid, STOP_SIGNAL)
        pause.wait(REPEAT_SECONDS)


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def listen(**_: Any) -> None:
    """Handle the signal in a child that is ready for work."""
    signal.signal(STOP_SIGNAL, _request_stop)
    signal.siginterrupt(STOP_SIGNAL, False)  # do not interrupt the training's reads and writes


def _request_stop(_signal: int, _frame: FrameType | None) -> None:
    global _stop_requested
    _stop_requested = True
