"""Cache of this process's compiled programs, by architecture."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock

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
_early = Event()  # set once a program was compiled before a training asked for it
_lock = Lock()


@contextmanager
def lend(spec: ExperimentSpec, width: int, place: int = 0) -> Iterator[Program]:
    """Lend the compiled program for a spec's architecture; it returns to the cache afterwards.

    A lent program is not in the cache, so two concurrent trainings never share variables.

    Args:
        spec: the experiment.
        width: number of seeds side by side.
        place: tells apart the programs that a training uses at a time.
    """
    whole = architecture(spec, width)
    key = f"{whole} {place}" if place else whole
    with _lock:  # whoever asks for a program that is being built waits for it
        program = _programs.pop(key, None) or _new(spec, width, whole)
        _lent.append(key)
    try:
        with suppress(Exception):
            program.wait()  # what could not be compiled ahead is compiled by its training, which says what is wrong
        program.measure_as(spec.layout)
        yield program
    finally:
        with _lock:
            _lent.remove(key)
            _keep(key, program)


def compile_ahead(spec: ExperimentSpec, samples: Dataset) -> Program | None:
    """Begin to compile the program of a spec in other threads, and return it. None if this process has it.

    Args:
        spec: an experiment that will be trained soon.
        samples: the samples of its dataset.
    """
    width = width_for(spec)
    key, data = architecture(spec, width), Data(spec, samples)
    with _lock:
        if key in _programs or key in _lent:
            return None
        _early.set()
        program = _new(spec, width, key)
        program.compile(data, initially=True)
        _keep(key, program)
    return program


def has_compiled_ahead() -> bool:
    """Return True if this process has compiled a program before a training asked for it."""
    return _early.is_set()


def holds(spec: ExperimentSpec) -> bool:
    """Return True if the program of a spec is in the cache, compiled or being compiled."""
    return architecture(spec, width_for(spec)) in _programs


def held() -> frozenset[str]:
    """Return the hashes of the architectures whose programs are in the cache, compiled or being compiled."""
    with _lock:
        return frozenset(map(hashed, _programs))


def made() -> frozenset[str]:
    """Return the hashes of the architectures whose programs this process has, those that are lent included."""
    with _lock:
        return frozenset(map(hashed, (*_programs, *_lent)))


def _keep(key: str, program: Program) -> None:
    _programs[key] = program
    while len(_programs) > PROGRAMS_KEPT:
        _programs.popitem(last=False)


def _new(spec: ExperimentSpec, width: int, key: str) -> Program:
    with renumbered():
        return Program(spec, width, hashlib.sha256(key.encode()).hexdigest()[:16])
