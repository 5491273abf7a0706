"""Trainings that take turns: each runs in a thread of its own, and exactly one of them at a time.

So all of them meet the same conditions of the machine, a few epochs after each other, and each is one whole training.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass
class Measured:
    """Seconds of one training.

    Attributes:
        whole: all of it, with its beginning, where everything is compiled, and its end.
        turns: the mean epoch in each turn.
        busy: the same as seconds of a processor, which other processes disturb less.
    """

    whole: float = 0.0
    turns: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)


class Turns:
    """Takes the time of a training, and hands over to the next one.

    Args:
        warm: epochs before the first turn that counts.
        epochs: epochs of a turn.

    Attributes:
        epochs: epochs of a turn; may be changed between two turns.
        measured: the seconds so far.
        is_over: True once the training has ended, or has raised.
    """

    def __init__(self, warm: int, epochs: int) -> None:
        self._warm, self.epochs = warm, epochs
        self._done = self._in_turn = 0
        self._since = self._busy_since = 0.0
        self._may_run, self._has_stopped = threading.Semaphore(0), threading.Semaphore(0)
        self.measured = Measured()
        self.is_over = False

    def epoch(self) -> None:
        """Note the end of an epoch; wait at the end of a turn."""
        self._done += 1
        self._in_turn += 1
        if self._in_turn < (self._warm if self._done <= self._warm else self.epochs):
            return
        seconds, busy = time.perf_counter() - self._since, time.process_time() - self._busy_since
        self.measured.whole += seconds
        if self._done > self._warm:
            self.measured.turns.append(seconds / self.epochs)
            self.measured.busy.append(busy / self.epochs)
        self._in_turn = 0
        self._has_stopped.release()
        self._begin()

    def _begin(self) -> None:
        self._may_run.acquire()
        self._since, self._busy_since = time.perf_counter(), time.process_time()

    def start(self, train: Callable[["Turns"], None]) -> None:
        """Start a training's thread, which waits for its first turn."""

        def run() -> None:
            try:
                self._begin()
                train(self)
                self.measured.whole += time.perf_counter() - self._since
            finally:
                self.is_over = True
                self._has_stopped.release()

        threading.Thread(target=run, daemon=True).start()

    def take(self) -> None:
        """Let the training run its turn."""
        if not self.is_over:
            self._may_run.release()
            self._has_stopped.acquire()


def side_by_side(
    trainings: Mapping[str, Callable[[Turns], None]], *, warm: int, turns: int, epochs: int
) -> dict[str, Measured]:
    """Run trainings of `warm + turns * epochs` epochs in turns, in both orders; return the seconds of each.

    Raises:
        RuntimeError: one of them did not run to its end.
    """
    waiting = {name: Turns(warm, epochs) for name in trainings}
    for name, train in trainings.items():
        waiting[name].start(train)
    for turn in range(turns + 2):  # the first epochs, the turns, the end
        for each in list(waiting.values())[:: -1 if turn % 2 else 1]:
            each.take()
    unfinished = [name for name, each in waiting.items() if len(each.measured.turns) < turns]
    if unfinished:
        raise RuntimeError(f"expected {turns} turns of each training; received fewer of {', '.join(unfinished)}")
    return {name: each.measured for name, each in waiting.items()}
