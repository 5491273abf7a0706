"""The measurement of one line: its sides in processes of their own, which take turns.

So all sides meet the same conditions of the machine, and ratios are taken within a round of turns.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bench.sizes.lines import Line

ROOT = Path(__file__).parents[2]
# The environment with PyTorch and JAX that `make frameworks` makes.
OTHER = Path(os.environ.get("GRADLAB_FRAMEWORKS_PYTHON", ROOT / ".venv-frameworks" / "bin" / "python"))
INTERPRETERS = {"engine": Path(sys.executable), "fit": Path(sys.executable), "torch": OTHER, "jax": OTHER}
Result = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """How lines are measured.

    Attributes:
        rounds: turns of each training.
        quick: True for a part of the samples.
        rivals: True to measure PyTorch and JAX too.
        cores: processors that the processes may use; None for all.
    """

    rounds: int
    quick: bool
    rivals: bool
    cores: int | None

    @property
    def key(self) -> str:
        """The conditions that kept measurements have to share with these to stand for them."""
        return f"quick={self.quick} cores={self.cores}"


def measured_line(line: Line, options: Options) -> Result:
    """Measure a line.

    Returns:
        ``first``: training -> seconds and bytes of its first answer; ``turns``: training -> seconds of an epoch in each
        round; ``busy``: likewise, seconds of processors; ``limits``: operations a second in each round; ``parts``,
        ``estimate``; ``load`` before and after; ``failed``: side -> the end of its error.
    """
    begun = os.getloadavg()[0]
    result: Result = {
        "line": line.name,
        "key": options.key,
        "first": {},
        "turns": {},
        "busy": {},
        "limits": [],
        "failed": {},
    }
    sides = ("engine", "fit", *(("torch", "jax") if options.rivals else ()))
    with tempfile.TemporaryDirectory() as cache, ExitStack() as stack:
        trainings: dict[str, _Side] = {}
        for name in sides:
            try:
                side = stack.enter_context(_started(name, line, options, cache))
                result["first"] |= {each: side.answer("first", each) for each in side.trainings}
                trainings |= dict.fromkeys(side.trainings, side)
            except _Failure as failure:
                result["failed"][name] = str(failure)
        for number in range(options.rounds):
            for name in [*trainings][:: -1 if number % 2 else 1]:
                _take_turn(name, trainings, result)
            if "fit" in trainings:
                result["limits"].append(trainings["fit"].answer("limit")["rate"])
        if "ours" in trainings:
            result |= {name: trainings["ours"].answer(name) for name in ("parts", "estimate")}
    return result | {"load": [begun, os.getloadavg()[0]], "state": _state()}


def _take_turn(name: str, trainings: dict[str, "_Side"], result: Result) -> None:
    """Let a training take its turn; one whose side fails takes no further ones, and its figures are dropped."""
    if name not in trainings:
        return
    try:
        turn = trainings[name].answer("turn", name)
        result["turns"].setdefault(name, []).append(turn["seconds"])
        result["busy"].setdefault(name, []).append(turn["busy"])
    except _Failure as failure:
        side = trainings[name]
        result["failed"][name] = str(failure)
        for each in side.trainings:
            trainings.pop(each, None)
            result["turns"].pop(each, None)


class _Failure(RuntimeError):
    """A side that has ended before its answer."""


@dataclass(eq=False)
class _Side:
    process: "subprocess.Popen[str]"
    errors: IO[str]
    trainings: Sequence[str] = ()

    def answer(self, request: str, training: str = "") -> Result:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended: `read` says why
            print(json.dumps({"do": request, "training": training}), file=self.process.stdin, flush=True)
        return self.read()

    def read(self) -> Result:
        assert self.process.stdout is not None
        for text in self.process.stdout:
            if text.startswith("{"):
                answer: Result = json.loads(text)
                return answer
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines()
        raise _Failure(lines[-1] if lines else f"status {self.process.wait()}")


@contextmanager
def _started(name: str, line: Line, options: Options, cache: str) -> Iterator[_Side]:
    if not INTERPRETERS[name].exists():
        raise _Failure(f"{INTERPRETERS[name]} is missing: `make frameworks` makes it")
    job = {"side": name, "line": line.name, "quick": options.quick, "cache": str(Path(cache) / name)}
    command = [str(INTERPRETERS[name]), "-m", "bench.sizes.child", json.dumps(job)]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            preexec_fn=lambda: _use(options.cores),
        )
        side = _Side(process, errors)
        try:
            side.trainings = side.read()["ready"]
            yield side
        finally:
            process.kill()
            process.communicate()


def _use(cores: int | None) -> None:
    """Let this process use so many processors alone."""
    if cores is not None:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def _state() -> str:
    """Return the commit of the code that was measured; "" outside a repository."""
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    return done.stdout.strip()
