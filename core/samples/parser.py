"""The reader of users' files: a child process that is kept warm, and replaced when it was killed."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from core.samples.confinement import MAX_CPU_SECONDS, NAMESPACE
from core.samples.limits import refusal
from gradlab.errors import Invalid, Problem
from gradlab.schemas.datasets import FileFormat

log = structlog.get_logger()

# Seconds for one file by the clock: others use the machine, too.
MAX_SECONDS = 3.0 * MAX_CPU_SECONDS
# Bytes of a reply: a profile, and summaries of all columns with their categories.
MAX_REPLY_BYTES = 32_000_000
PIPE_BYTES = 65_536
# What a child needs of this process's environment. It holds keys and passwords, too.
INHERITED = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "TMPDIR")
# No library needs more than one thread, and each thread reserves address space.
THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True)
class Parsed:
    """The contents of a file, read in the child.

    Attributes:
        table: rows, columns and what is left out, as JSON.
        summary: of `core.samples.summary.TableSummary`, as JSON.
        profile: of `gradlab.profile.Profile`, as JSON.
    """

    table: Mapping[str, Any]
    summary: Mapping[str, Any]
    profile: Mapping[str, Any]


class Parser:
    """Reads files in a child process, one at a time. Threads may share it.

    Args:
        max_bytes: what the values of a file may take.
        environment: of this process; the child gets what it needs of it.
    """

    def __init__(self, max_bytes: int, environment: Mapping[str, str]) -> None:
        self._max_bytes, self._lock = max_bytes, threading.Lock()
        self._environment = {name: environment[name] for name in INHERITED if name in environment} | THREADS
        self._child: subprocess.Popen[bytes] | None = None
        self._is_closed = self._is_reported = False

    def warm(self) -> None:
        """Start the child, if there is none, and return at once: its imports take half a second."""
        if self._lock.acquire(blocking=False):  # else another thread uses the child, for as long as a file takes
            try:
                self._start()
            finally:
                self._lock.release()

    @property
    def pid(self) -> int | None:
        """The child's process, None if there is none."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def parse(self, source: Path, format: FileFormat, to: Path, owner: str = "") -> Parsed:
        """Read a file, profile it, and write its table to another file, as `owner`'s alone.

        Raises:
            Invalid: the file is refused, or the child was killed because of it.
        """
        with self._lock:
            child = self._start()
            job = {"format": format, "source": str(source), "to": str(to), "owner": owner}
            try:
                _write(child, job)
                reply = _read(child, time.monotonic() + MAX_SECONDS)
            except (EOFError, BrokenPipeError, TimeoutError, ValueError) as failure:
                _end(child)
                raise self._refusal(child, failure) from None
        if reply["network"] != NAMESPACE and not self._is_reported:
            self._is_reported = True
            log.warning("parser_without_namespace", reason="the system allows none: Python refuses its connections")
        if "problems" in reply:
            raise Invalid(*(Problem(**each) for each in reply["problems"]))
        return Parsed(reply["table"], reply["summary"], reply["profile"])

    def close(self) -> None:
        """End the child. A file that it reads is left as it is; no other child is started."""
        self._is_closed = True
        if self._child:
            self._child.kill()
            with self._lock:  # a thread that waits for the child's reply notices its end
                _end(self._child)

    def _start(self) -> "subprocess.Popen[bytes]":
        if self._is_closed:
            raise RuntimeError("the parser is closed")
        if self._child is None or self._child.poll() is not None:
            if self._child:
                _end(self._child)
            command = [sys.executable, "-m", "core.samples.child", str(self._max_bytes), str(os.getpid())]
            self._child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environment, start_new_session=True
            )
        return self._child

    def _refusal(self, child: "subprocess.Popen[bytes]", failure: Exception) -> Exception:
        """Return the error of a file on which the child ended, or did not end."""
        if self._is_closed:
            return RuntimeError("the parser was closed")
        log.error("parser_replaced", pid=child.pid, status=child.returncode, failure=repr(failure))
        code = child.returncode
        why = signal.Signals(-code).name if code and code < 0 else f"status {code}"
        expected = f"a file that is read within {MAX_CPU_SECONDS} seconds and the memory of this service"
        return refusal(expected, f"one on which its reader ended by {why}")


def _write(child: "subprocess.Popen[bytes]", job: Mapping[str, str]) -> None:
    assert child.stdin
    child.stdin.write(json.dumps(job).encode() + b"\n")
    child.stdin.flush()


def _read(child: "subprocess.Popen[bytes]", deadline: float) -> dict[str, Any]:
    """Return the next reply of a child.

    Raises:
        EOFError: it has ended.
        TimeoutError: it did not reply in time.
        ValueError: the reply is too long, or none.
    """
    assert child.stdout
    pieces, size = [], 0
    while True:
        readable, _, _ = select.select([child.stdout], [], [], max(0, deadline - time.monotonic()))
        if not readable:
            raise TimeoutError
        piece = os.read(child.stdout.fileno(), PIPE_BYTES)
        if not piece:
            raise EOFError
        pieces.append(piece)
        size += len(piece)
        if size > MAX_REPLY_BYTES:
            raise ValueError(f"a reply of more than {MAX_REPLY_BYTES} bytes")
        if piece.endswith(b"\n"):
            reply: dict[str, Any] = json.loads(b"".join(pieces))
            return reply


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Wait for a child that is ending, and kill one that is not."""
    try:
        child.wait(1.0)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe:
            pipe.close()
