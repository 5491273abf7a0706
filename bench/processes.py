"""Every measurement in a fresh process, and the conditions under which it was made."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

Job = dict[str, Any]


def fresh(measurement: str, *, environment: dict[str, str] | None = None, **arguments: Any) -> dict[str, float]:
    """What a function of `bench.measurements` answers in a process of its own."""
    return side_by_side([{"measurement": measurement, **arguments}], environment)[0]


def side_by_side(jobs: Sequence[Job], environment: dict[str, str] | None = None) -> list[dict[str, float]]:
    """The same for several processes, which start what is measured at the same moment."""
    processes = [_start(job, environment or {}) for job in jobs]
    try:
        for process in processes:
            process.stdout.readline()  # type: ignore[union-attr]
        for process in processes:
            with suppress(BrokenPipeError):  # it has ended already, and its status will tell
                process.stdin.write("go\n")  # type: ignore[union-attr]
                process.stdin.flush()  # type: ignore[union-attr]
        return [_answer(process) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _answer(process: "subprocess.Popen[str]") -> dict[str, float]:
    said, complaint = process.communicate()
    if process.returncode:
        raise RuntimeError(f"a measurement ended with status {process.returncode}:\n{complaint}")
    answer: dict[str, float] = json.loads(said.splitlines()[-1])
    return answer


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
    """Say how busy the machine is, before and after: on a busy one only the ratios mean something."""
    print(f"{os.cpu_count()} cores, load average at the beginning {os.getloadavg()[0]:.1f}", flush=True)
    yield
    print(f"load average at the end {os.getloadavg()[0]:.1f}", flush=True)
