"""Measured costs of trainings, for later estimates."""

import platform
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import structlog

from core.plan.calibration import FIRST_TRAINING_BYTES, Record
from core.plan.estimate import plan
from core.store import ExperimentStore
from core.use_cases.experiments import Trainer
from gradlab.errors import Unavailable
from gradlab.measurement.history import Checkpoint, Chunk
from gradlab.spec import ExperimentSpec

log = structlog.get_logger()


@cache
def machine() -> str:
    """Return the name of this machine in the records."""
    return platform.node() or "unnamed"


class Measuring:
    """A trainer that records the costs of its trainings.

    Four sorts of trainings are not recorded, because they do not predict others: resumed ones, triages, those with a
    program that this process had compiled before, and those with values that are not finite, which are repeated to
    locate the first one. Memory is recorded for a process's first training only, and not in a process that has compiled
    ahead: others reuse what was allocated before.
    """

    def __init__(self, train: Trainer, store: ExperimentStore) -> None:
        self._train, self._store = train, store
        self._first = True

    @property
    def measures_memory(self) -> bool:
        """True if the next training is the process's first, and nothing was compiled ahead of it."""
        from core.training.program_cache import has_compiled_ahead

        return self._first and not has_compiled_ahead()

    def __call__(self, spec: ExperimentSpec, resume: Checkpoint | None) -> Iterator[Chunk]:
        """Train, yield the chunks, and record the cost after the last one."""
        from core.training.meter import Meter  # not before the trainer has loaded TensorFlow
        from core.training.program_cache import holds

        is_typical = resume is None and spec.training.epochs > 0 and not holds(spec)
        first, self._first = self.measures_memory, False
        meter = Meter(spec)
        yield from meter.through(self._train(spec, resume))
        if not is_typical or meter.measured is None or meter.left_finite:
            return
        held = meter.measured.bytes if first else None
        own = None if held is None else max(0, held - FIRST_TRAINING_BYTES)
        try:
            self._store.costs.add(Record(machine(), plan(spec), replace(meter.measured, bytes=own)))
        except Unavailable as away:
            log.warning("cost_not_recorded", error=repr(away.__cause__))
