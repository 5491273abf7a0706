"""Programs that are compiled before they are needed: the next waiting experiment's, and those most often asked for."""

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog

from core.settings import Settings
from core.store import ExperimentStore
from core.use_cases.samples import SampleLoader
from gradlab.errors import NotFound
from worker.beside import beside, memory_of

log = structlog.get_logger()

# A worker that starts compiles so many architectures, those that were asked for most often within this time.
MAX_AT_START, RECENT = 5, timedelta(days=1)


def has_cores_to_spare(settings: Settings) -> bool:
    """Return True if each process that trains may use another core: compiling would slow a training down elsewhere."""
    return len(os.sched_getaffinity(0)) >= 2 * settings.worker_concurrency


class Ahead:
    """Compilation of programs in a process before they are needed.

    An experiment's program is tried once: if it cannot be compiled, the experiment's own training says why.

    Args:
        store: the store of the experiments.
        load: loads samples, whose shapes a program depends on.
        settings: `max_memory_bytes` bounds the memory of a training and the one that is compiled for together.
    """

    def __init__(self, store: ExperimentStore, load: SampleLoader, settings: Settings) -> None:
        self._store, self._load, self._memory_bytes = store, load, settings.max_memory_bytes
        self._tried: set[UUID] = set()
        self._last: UUID | None = None

    def beside(self, training: UUID) -> AbstractContextManager[None]:
        """Compile for the experiment that is claimed next while the block trains this one, one program at a time."""
        return beside(partial(self._compile_next, training), "compiling", first=0.0)

    def at_start(self, stop: Callable[[], bool], prepare: Callable[[], object]) -> None:
        """Compile the architectures that were asked for most often in the last day, one after another. Raises nothing.

        Args:
            stop: returns True once there is something else to do.
            prepare: loads what trainings need, whether or not there is something to compile.
        """
        if stop():
            return
        try:
            prepare()
        except Exception:
            log.exception("not_loaded_at_start")  # no training of this process can begin
            return
        try:
            often = [] if stop() else self._store.most_requested(MAX_AT_START, RECENT)
        except Exception as error:
            log.warning("nothing_compiled_at_start", error=repr(error.__cause__ or error))
            return
        for experiment in often:
            if stop():
                return
            try:
                if memory_of(experiment, store=self._store) <= self._memory_bytes:
                    self._compile(experiment, wait=True)
            except Exception:
                log.exception("not_compiled_at_start", like=str(experiment))

    def _compile_next(self, training: UUID, _over: threading.Event) -> None:
        from core.training import program_cache  # not before the trainer has loaded TensorFlow

        if self._last and self._store.is_waiting(self._last):
            return
        waiting = self._store.next_to_compile(program_cache.made())
        if waiting is None or waiting in self._tried:
            return
        self._tried.add(waiting)
        try:
            if memory_of(waiting, training, store=self._store) <= self._memory_bytes:
                self._last = waiting
                self._compile(waiting, wait=False)
        except NotFound:
            self._last = None  # it was deleted meanwhile

    def _compile(self, experiment: UUID, *, wait: bool) -> None:
        from core.training import program_cache

        spec = self._store.get(experiment).own_spec("its program is compiled")
        program = program_cache.compile_ahead(spec, self._load(spec.dataset))
        log.info("compiling_ahead", like=str(experiment))
        if program and wait:
            program.wait()
