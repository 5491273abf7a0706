"""Estimates against measurements: the benchmarks' networks, and random specs that no calibration has used.

    python -m bench.estimates [--first 200000] [--count 100] [--scale usual] [--save FILE] [--without-benchmarks]
                              [--lines]

--lines measures the lines of `bench.sizes` too, a few epochs of an eighth of the samples of large ones.

Prints measured over estimated time and memory, and the share within a factor of 2. Time is wall-clock time, and CPU
time of the process; on a busy machine only the second is meaningful. Memory is the increase by a training in a process
that has compiled before; it counts as right if estimate and measurement are both below 200 MB. With --save, the
measurements are written as JSON lines, from which `python -m bench.calibration` fits its constants.
"""

import argparse
import ctypes
import gc
import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from bench.generated import SMALL, USUAL, random_spec
from bench.networks import convolutional, recurrent, small, tutorial
from bench.outputs import new_file
from bench.processes import conditions
from bench.sizes.lines import lines
from core.plan.estimate import estimate
from core.training.environment import prepare
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from gradlab.vocabulary.datasets import Dataset

# Epochs of the lines of `bench.sizes`: a hundred take long.
LINE_EPOCHS = 5
SCALES = {"small": SMALL, "usual": USUAL}
FACTOR, MIN_SHARE = 2.0, 0.9
# Any machine that can train has this much memory.
SMALL_BYTES = 200e6


def main() -> int:
    """Return 0 if 90 % of the estimates of both kinds are within the factor, else 1."""
    parser = argparse.ArgumentParser(prog="python -m bench.estimates", description="estimates against measurements")
    parser.add_argument("--first", type=int, default=200_000)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--scale", choices=SCALES, default="usual")
    parser.add_argument("--save", type=new_file)
    parser.add_argument("--without-benchmarks", action="store_true")
    parser.add_argument("--lines", action="store_true", help="the lines of bench.sizes too")
    options = parser.parse_args()
    prepare(Path("/dev/null/none"))  # no folder, so that nothing comes from a compile cache
    generated = (
        (f"{options.scale} {i}", random_spec(i, SCALES[options.scale]))
        for i in range(options.first, options.first + options.count)
    )
    benched = {} if options.without_benchmarks else benchmarks()
    with conditions():
        _measured(small(2, 6))  # initialises XLA, with a program that no measurement below uses
        measured = {
            "benchmarks": [_row(options.save, *each) for each in benched.items()],
            "lines of real size": [_row(options.save, *each) for each in _lines()] if options.lines else [],
            "random specs": [_row(options.save, *each) for each in generated],
        }
    shares = [report(title, rows) for title, rows in measured.items() if rows]
    return 0 if all(share >= MIN_SHARE for share in shares) else 1


def benchmarks() -> dict[str, ExperimentSpec]:
    """Return the networks of `bench.engine` and `bench.layers`."""
    specs = {f"network 3, {record}": tutorial(record=record) for record in ("full", "standard", "nothing")}
    specs |= {"network 3, 32 seeds": tutorial(record="standard", seeds=32)}
    for record in ("standard", "nothing"):
        specs[f"conv2d, {record}"] = convolutional(20, record)
        specs |= {f"{kind}, {record}": recurrent(kind, 20, record) for kind in ("gru", "lstm")}
    return {name: parse(spec) for name, spec in specs.items()}


def _lines() -> Iterator[tuple[str, ExperimentSpec, Dataset | None]]:
    """Yield the name of each line, its spec of a few epochs, recorded as by default, and the samples it brings."""
    for line in lines().values():
        spec, brought = line.spec("standard", quick=True), line.samples(quick=True)
        training = spec.training.model_copy(update={"epochs": LINE_EPOCHS})
        yield line.name, spec.model_copy(update={"training": training}), brought.draw() if brought else None


def _row(save: Path | None, name: str, spec: ExperimentSpec, samples: Dataset | None = None) -> dict[str, Any]:
    row = {"name": name, "spec": spec.canonical(), **_measured(spec, samples)}
    estimated = estimate(spec)
    row |= {"estimated_seconds": estimated.seconds, "estimated_bytes": estimated.memory_bytes}
    if save:
        with save.open("a") as file:
            print(json.dumps(row), file=file)
    print(
        f"{name:24} {row['clock']:7.2f} s {row['busy']:7.2f} s busy, estimated {estimated.seconds:7.2f} s; "
        f"{row['bytes'] / 1e6:6.0f} MB, estimated {estimated.memory_bytes / 1e6:6.0f} MB",
        flush=True,
    )
    return row


def _measured(spec: ExperimentSpec, samples: Dataset | None = None) -> dict[str, Any]:
    """Measure seconds and bytes of one training."""
    from core.training.meter import Meter
    from core.training.train import train

    _release_memory()
    meter, begun, busy, start = Meter(spec), time.perf_counter(), time.process_time(), 0.0
    for chunk in meter.through(train(spec, samples=samples)):
        start = start or time.process_time() - busy
        del chunk
    measured = meter.measured
    assert measured is not None
    return {
        "clock": time.perf_counter() - begun,
        "busy": time.process_time() - busy,
        "busy_start": start,
        "groups": measured.groups,
        "epochs": measured.epochs,
        "nonfinite": meter.left_finite,
        "bytes": measured.bytes or 0,
    }


def _release_memory() -> None:
    """Return free memory to the system, so that no training reuses the memory of the one before."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def report(title: str, rows: list[dict[str, Any]]) -> float:
    """Print ratios of measurement to estimate; return the smaller share within the factor, of CPU time and memory."""
    print(f"\n{title}: measured over estimated")
    shares = []
    for name, ratios in _ratios(rows):
        middle, low, high = np.quantile(ratios, (0.5, 0.1, 0.9))
        share = float(np.mean((ratios < FACTOR) & (ratios > 1 / FACTOR)))
        print(
            f"  {name:20} median {middle:.2f}, 10 to 90 % {low:.2f} to {high:.2f}, all {ratios.min():.2f} to "
            f"{ratios.max():.2f}; within a factor of {FACTOR:g}: {share:.0%}"
        )
        shares.append(share)
    return min(shares[1:])


def _ratios(rows: list[dict[str, Any]]) -> Iterator[tuple[str, np.ndarray]]:
    seconds = np.array([row["estimated_seconds"] for row in rows])
    yield "time by the clock", np.array([row["clock"] for row in rows]) / seconds
    yield "time of a busy core", np.array([row["busy"] for row in rows]) / seconds
    bytes_, estimated = (np.array([row[name] for row in rows]) for name in ("bytes", "estimated_bytes"))
    small = (estimated < SMALL_BYTES) & (bytes_ < SMALL_BYTES)
    yield "memory", np.where(small, 1.0, bytes_ / estimated)


if __name__ == "__main__":
    sys.exit(main())
