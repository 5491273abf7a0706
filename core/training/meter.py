"""How long a training takes and how much memory, measured while it goes on."""

import re
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

from core.plan.cost import Measured
from gradlab.measurement.history import Chunk

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
# What makes Linux forget the largest resident size so far.
FORGET_PEAK = "5"


class Meter:
    """Passes the chunks of a training on, and measures what happens between them: neither waiting nor storing counts.

    Attributes:
        measured: after the last chunk; None before it, and of a training that was broken off.
        left_finite: whether a run left the finite numbers so far.
    """

    def __init__(self) -> None:
        self.measured: Measured | None = None
        self.left_finite = False

    def through(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """The chunks of one training, from its beginning."""
        start = rest = 0.0
        epochs: dict[int, int] = {}  # first seed of each group -> its last epoch
        before = _resident("VmRSS")
        _forget_peak()
        with closing(_closable(chunks)) as training:
            begun = time.perf_counter()
            for chunk in training:
                seconds = time.perf_counter() - begun
                if not epochs:
                    start = seconds  # epoch 0 of the first group: what is compiled is compiled there
                else:
                    rest += seconds
                epochs[chunk.group[0]] = max(run.history.last_epoch for run in chunk.runs)
                self.left_finite |= any(run.stopped_by == "nonfinite" for run in chunk.runs)
                yield chunk
                begun = time.perf_counter()
        rest += time.perf_counter() - begun
        peak = _resident("VmHWM")
        held = None if before is None or peak is None else max(0, peak - before)
        self.measured = Measured(start, rest, len(epochs), sum(epochs.values()), held)


def _closable(chunks: Iterator[Chunk]) -> Generator[Chunk]:
    """Closing this closes the training, if it is a generator: it lends a compiled program and wants it back."""
    yield from chunks


def _resident(name: str) -> int | None:
    """A resident size of this process in bytes; None where the system does not say."""
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB", STATUS.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _forget_peak() -> None:
    try:
        CLEAR.write_text(FORGET_PEAK)
    except OSError:
        return  # then the peak is that of the whole process
