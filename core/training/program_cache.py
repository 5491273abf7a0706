"""Cache of this process's compiled programs, by architecture."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from core.plan.architecture import architecture, hashed
from core.plan.widths import width_for
from core.training.program import Program
from core.training.stable_names import renumbered
from gradlab.spec import ExperimentSpec

# A compiled program takes some tens of megabytes; a study rarely alternates between more architectures than this.
PROGRAMS_KEPT = 8

_programs: OrderedDict[str, Program] = OrderedDict()


@contextmanager
def lend(spec: ExperimentSpec, width: int) -> Iterator[Program]:
    """Lend the compiled program for a spec's architecture; it returns to the cache afterwards.

    A lent program is not in the cache, so two concurrent trainings never share variables.

    Args:
        spec: the experiment.
        width: number of seeds side by side.
    """
    key = architecture(spec, width)
    program = _programs.pop(key, None) or _new(spec, width, key)
    program.measure_as(spec.layout)
    try:
        yield program
    finally:
        _programs[key] = program
        while len(_programs) > PROGRAMS_KEPT:
            _programs.popitem(last=False)


def _new(spec: ExperimentSpec, width: int, key: str) -> Program:
    with renumbered():
        return Program(spec, width, hashlib.sha256(key.encode()).hexdigest()[:16])


def holds(spec: ExperimentSpec) -> bool:
    """Return True if the program of a spec is compiled and in the cache."""
    return architecture(spec, width_for(spec)) in _programs


def held() -> frozenset[str]:
    """Return the hashes of the architectures whose programs are compiled and in the cache."""
    return frozenset(map(hashed, list(_programs)))
