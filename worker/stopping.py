"""How a stopping worker tells its children, which only the main process is told by SIGTERM.

The main process rings SIGUSR2 at them until they have gone. A child that is being started ignores it, hears the next
one once it is ready, and so takes no new experiment; a child that trains gives its experiment back after the chunk at
hand. (SIGUSR1 is Celery's own, for time limits.)
"""

import os
import signal
import threading
from contextlib import suppress
from types import FrameType
from typing import Any

from billiard import active_children
from celery import bootsteps, signals

RINGING_SECONDS = 0.2

_told = False


def stopping() -> bool:
    """Whether this child has been told to stop."""
    return _told


class Bell(bootsteps.StartStopStep):  # type: ignore[misc]
    """In the main process: rings when the worker is told to stop."""

    requires = ("celery.worker.components:Timer",)  # before the pool, whose children inherit what is ignored

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        signals.worker_shutting_down.connect(self.ring)
        self._ringing = threading.Event()

    def ring(self, **_: Any) -> None:
        """Called from the handler of SIGTERM: it only starts what does the work."""
        if not self._ringing.is_set():
            self._ringing.set()
            threading.Thread(target=_ring, daemon=True, name="bell").start()


def _ring() -> None:
    pause = threading.Event()
    while True:
        for child in active_children():
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGUSR2)
        pause.wait(RINGING_SECONDS)


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def listen(**_: Any) -> None:
    """In a child, when it is ready for work."""
    signal.signal(signal.SIGUSR2, _hear)
    signal.siginterrupt(signal.SIGUSR2, False)  # whatever the training was reading or writing goes on


def _hear(_signal: int, _frame: FrameType | None) -> None:
    global _told
    _told = True
