"""Parts that the sides of `bench.sizes` share: the length of a turn, and a training in a thread that takes turns."""

import time
from collections.abc import Callable
from typing import Protocol

from bench.watched.turns import Turns
from core.training.meter import forget_peak, resident

Measured = dict[str, float]

# Duration of a turn: longer than the machine's short interruptions, so short that all sides meet the same conditions.
# One epoch may take longer.
TURN_SECONDS = 0.5
# More than any line's measurement takes.
ENDLESS = 10**6


class Training(Protocol):
    """One training of a line, as one framework does it."""

    def first(self) -> Measured:
        """Train until the first results; return seconds and bytes."""

    def turn(self) -> Measured:
        """Train for a while; return the seconds of an epoch."""


class LoopTraining:
    """A training whose loop runs in a thread and calls `Turns.epoch` after each epoch.

    Args:
        train: builds the network and trains it for `ENDLESS` epochs.
    """

    def __init__(self, train: Callable[[Turns], None]) -> None:
        self._train, self._turns = train, Turns(warm=1, epochs=1)

    def first(self) -> Measured:
        """Build the network and train one epoch.

        Returns:
            Seconds to its end, and the rise of the process's memory in bytes.
        """
        before = resident("VmRSS") or 0
        forget_peak()
        begun = time.perf_counter()
        self._turns.start(self._train)
        self._take()
        seconds = time.perf_counter() - begun
        self._take()
        self._turns.epochs = max(1, round(TURN_SECONDS / self._turns.measured.turns[-1]))
        return {"first": seconds, "bytes": (resident("VmHWM") or 0) - before}

    def turn(self) -> Measured:
        """Train the epochs of a turn; return the seconds of one."""
        self._take()
        measured = self._turns.measured
        return {"seconds": measured.turns[-1], "busy": measured.busy[-1], "epochs": self._turns.epochs}

    def _take(self) -> None:
        self._turns.take()
        if self._turns.is_over:
            raise RuntimeError("expected a training that goes on; it has ended or has raised")
