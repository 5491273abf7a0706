"""Measuring what trainings take, for the estimates of those to come."""

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
    """Under which name this machine's records are kept."""
    return platform.node() or "unnamed"


class Measuring:
    """A trainer that records what its trainings take.

    Left out are trainings that tell nothing of the next ones: resumed ones, looks without an epoch, those whose program
    this process had compiled before, and those that left the finite numbers, which are gone through again to find out
    where. Memory is recorded of a process's first training alone: later ones fill what earlier ones left behind.
    """

    def __init__(self, train: Trainer, store: ExperimentStore) -> None:
        self._train, self._store = train, store
        self._first = True

    def __call__(self, spec: ExperimentSpec, resume: Checkpoint | None) -> Iterator[Chunk]:
        """The chunks of a training."""
        from core.training.meter import Meter  # TensorFlow is loaded by now
        from core.training.program_cache import holds

        tells = resume is None and spec.training.epochs > 0 and not holds(spec)
        first, self._first = self._first, False
        meter = Meter()
        yield from meter.through(self._train(spec, resume))
        if not tells or meter.measured is None or meter.left_finite:
            return
        held = meter.measured.bytes if first else None
        own = None if held is None else max(0, held - FIRST_TRAINING_BYTES)
        try:
            self._store.costs.add(Record(machine(), plan(spec), replace(meter.measured, bytes=own)))
        except Unavailable as away:
            log.warning("cost_not_recorded", error=repr(away.__cause__))
