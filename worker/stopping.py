"""How a stopping worker tells its children, which only the main process is told by SIGTERM.

The main process rings SIGURG at them until they have gone. The system ignores that signal unless somebody listens: a
child that is being started is not harmed, and hears the next one once it is ready. It then takes no new experiment, and
gives the one it trains back after the chunk at hand. (SIGUSR1 is Celery's own, and its pool makes SIGUSR2 kill.)
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
RINGING_SECONDS = 0.2

_told = False


def stopping() -> bool:
    """Whether this child has been told to stop."""
    return _told


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator]
def ring(**_: Any) -> None:
    """In the main process, from its signal handler: only start what does the work."""
    threading.Thread(target=_ring, daemon=True, name="bell").start()


def _ring() -> None:
    pause = threading.Event()
    while True:
        for child in active_children():
            with suppress(ProcessLookupError):
                os.kill(child.pid, STOP_SIGNAL)
        pause.wait(RINGING_SECONDS)


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def listen(**_: Any) -> None:
    """In a child, when it is ready for work."""
    signal.signal(STOP_SIGNAL, _hear)
    signal.siginterrupt(STOP_SIGNAL, False)  # whatever the training was reading or writing goes on


def _hear(_signal: int, _frame: FrameType | None) -> None:
    global _told
    _told = True
