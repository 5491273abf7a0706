"""Measurements in fresh processes, and the load of the machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

Job = dict[str, Any]


def fresh(measurement: str, *, environment: dict[str, str] | None = None, **arguments: Any) -> dict[str, float]:
    """Run a function of `bench.measurements` in a process of its own; return its result."""
    return side_by_side([{"measurement": measurement, **arguments}], environment)[0]


def side_by_side(jobs: Sequence[Job], environment: dict[str, str] | None = None) -> list[dict[str, float]]:
    """Run several measurements in processes that start at the same moment; return their results."""
    processes = [_start(job, environment or {}) for job in jobs]
    try:
        for process in processes:
            process.stdout.readline()  # type: ignore[union-attr]
        for process in processes:
            with suppress(BrokenPipeError):  # it has failed: its exit status is checked below
                process.stdin.write("go\n")  # type: ignore[union-attr]
                process.stdin.flush()  # type: ignore[union-attr]
        return [_result(process) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _result(process: "subprocess.Popen[str]") -> dict[str, float]:
    output, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"a measurement ended with status {process.returncode}:\n{errors}")
    result: dict[str, float] = json.loads(output.splitlines()[-1])
    return result


def _start(job: Job, environment: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "bench.measurements", json.dumps(job)],
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def conditions() -> Iterator[None]:
    """Print the load of the machine before and after: under load only ratios are meaningful."""
    print(f"{os.cpu_count()} cores, load average at the beginning {os.getloadavg()[0]:.1f}", flush=True)
    yield
    print(f"load average at the end {os.getloadavg()[0]:.1f}", flush=True)
