"""Cache of this process's compiled programs, by architecture."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from core.plan.architecture import architecture, hashed
from core.plan.widths import width_for
from core.training.data import Data
from core.training.program import Program
from core.training.stable_names import renumbered
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets import Dataset

# A compiled program takes some tens of megabytes; a study rarely alternates between more architectures than this.
PROGRAMS_KEPT = 8

_programs: OrderedDict[str, Program] = OrderedDict()
_lent: list[str] = []
_ahead: set[str] = set()  # compiled ahead, and not lent since
_lock = Lock()


@contextmanager
def lend(spec: ExperimentSpec, width: int) -> Iterator[Program]:
    """Lend the compiled program for a spec's architecture; it returns to the cache afterwards.

    A lent program is not in the cache, so two concurrent trainings never share variables.

    Args:
        spec: the experiment.
        width: number of seeds side by side.
    """
    key = architecture(spec, width)
    program = _taken(key) or _new(spec, width, key)
    program.measure_as(spec.layout)
    try:
        yield program
    finally:
        with _lock:
            _lent.remove(key)
            _keep(key, program)


def compile_ahead(spec: ExperimentSpec, samples: Dataset) -> None:
    """Begin to compile the program of a spec in another thread, unless this process has it.

    Args:
        spec: an experiment that will be trained soon.
        samples: the samples of its dataset.
    """
    width = width_for(spec)
    key = architecture(spec, width)
    with _lock:  # whoever asks for it meanwhile waits, and does not build it again
        if key in _programs or key in _lent:
            return
        program = _new(spec, width, key)
        program.compile(Data(spec, samples))
        _ahead.add(key)
        _keep(key, program)


def compile_now(spec: ExperimentSpec, samples: Dataset) -> None:
    """Compile the program of a spec, unless this process has it, and keep it. Raises what XLA raises.

    Args:
        spec: an experiment whose architecture may be asked for again.
        samples: the samples of its dataset.
    """
    with lend(spec, width_for(spec)) as program:
        program.compile(Data(spec, samples))
        program.wait()


def waits_ahead() -> bool:
    """Return True if a program was compiled ahead that no training has used yet."""
    return bool(_ahead)


def holds(spec: ExperimentSpec) -> bool:
    """Return True if the program of a spec is compiled and in the cache."""
    return architecture(spec, width_for(spec)) in _programs


def held() -> frozenset[str]:
    """Return the hashes of the architectures whose programs are compiled and in the cache."""
    return frozenset(map(hashed, list(_programs)))


def made() -> frozenset[str]:
    """Return the hashes of the architectures whose programs this process has, those that are lent included."""
    with _lock:
        return frozenset(map(hashed, (*_programs, *_lent)))


def _taken(key: str) -> Program | None:
    """Take a program out of the cache. None if there is none, or if compiling it ahead has failed."""
    with _lock:
        program = _programs.pop(key, None)
        _lent.append(key)
        _ahead.discard(key)
    try:
        if program:
            program.wait()
    except Exception:
        return None  # a training that compiles it for itself says what is wrong
    return program


def _keep(key: str, program: Program) -> None:
    _programs[key] = program
    while len(_programs) > PROGRAMS_KEPT:
        _ahead.discard(_programs.popitem(last=False)[0])


def _new(spec: ExperimentSpec, width: int, key: str) -> Program:
    with renumbered():
        return Program(spec, width, hashlib.sha256(key.encode()).hexdigest()[:16])
