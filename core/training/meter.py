"""Measurement of a training's time and memory while it goes on."""

import re
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

from core.plan.cost import Measured
from core.plan.widths import groups_of, width_for
from gradlab.measurement.history import Chunk
from gradlab.spec import ExperimentSpec

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
# Written to clear_refs, this makes Linux reset the peak resident size (proc(5)).
FORGET_PEAK = "5"


class Meter:
    """Measures the time and memory of a training as its chunks pass through; time spent on the chunks is not counted.

    Args:
        spec: the experiment that is trained.

    Attributes:
        measured: the measurement; None until the last chunk, and for a training that was interrupted.
        left_finite: True once a run has become non-finite.
    """

    def __init__(self, spec: ExperimentSpec) -> None:
        self._groups = groups_of(spec.seeds, width_for(spec))
        self.measured: Measured | None = None
        self.left_finite = False

    def through(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Pass on the chunks of one training. One that goes on may have none of runs that had ended before."""
        start = rest = 0.0
        epochs: dict[int, int] = {}  # of each seed, the last one
        before = resident("VmRSS")
        forget_peak()
        with closing(_closable(chunks)) as training:
            begun = time.perf_counter()
            for chunk in training:
                seconds = time.perf_counter() - begun
                if not epochs:
                    start = seconds
                else:
                    # A second group's program is compiled while chunks of the first one pass.
                    compiling = min(chunk.compiling_seconds, seconds)
                    start += compiling
                    rest += seconds - compiling
                epochs |= {run.seed: run.history.last_epoch for run in chunk.runs}
                self.left_finite |= any(run.stopped_by == "nonfinite" for run in chunk.runs)
                yield chunk
                begun = time.perf_counter()
        rest += time.perf_counter() - begun
        peak = resident("VmHWM")
        held = None if before is None or peak is None else max(0, peak - before)
        trained = sum(max(epochs.get(seed, 0) for seed in group) for group in self._groups)
        self.measured = Measured(start, rest, len(self._groups), trained, held)


def _closable(chunks: Iterator[Chunk]) -> Generator[Chunk]:
    """Pass on the chunks; closing this generator closes the training, which returns its program to the cache."""
    yield from chunks


def resident(name: str) -> int | None:
    """Return a resident size of this process in bytes, None if the system does not report it.

    Args:
        name: VmRSS for the present size, VmHWM for its peak.
    """
    try:
        match = re.search(rf"^{name}:\s+(\d+) kB", STATUS.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(match[1]) * 1024 if match else None


def forget_peak() -> None:
    """Let the peak of the resident size begin anew."""
    try:
        CLEAR.write_text(FORGET_PEAK)
    except OSError:
        return  # the measured peak is then that of the whole process so far
