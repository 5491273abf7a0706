"""Programs that are compiled before they are needed: the next waiting experiment's, and those most often asked for.

Only a machine with more cores than trainings does so: elsewhere it would slow a training down.
"""

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import timedelta
from uuid import UUID

import structlog

from core.settings import Settings
from core.store import ExperimentStore
from core.use_cases.samples import SampleLoader
from gradlab.errors import NotFound, Unavailable
from worker.beside import beside, memory_of

log = structlog.get_logger()

# A worker that starts compiles so many architectures, those that were asked for most often within this time.
MAX_AT_START, RECENT = 5, timedelta(days=1)


def has_a_core_to_spare(settings: Settings) -> bool:
    """Return True if the worker has more cores than processes that train."""
    return len(os.sched_getaffinity(0)) > settings.worker_concurrency


def compiling_beside(
    training: UUID, *, store: ExperimentStore, load: SampleLoader, settings: Settings
) -> AbstractContextManager[None]:
    """Compile the program of the experiment that waits longest while the block runs, one program at a time.

    Args:
        training: the experiment that the block trains.
        store: the store of the experiments.
        load: loads samples, whose shapes a program depends on.
        settings: `max_memory_bytes` bounds the memory of both trainings together.
    """
    from core.training import program_cache  # not before the trainer has loaded TensorFlow

    # The memory of a process's first training is measured for later estimates.
    if not has_a_core_to_spare(settings) or not program_cache.made():
        return nullcontext()
    return beside(_Ahead(training, store, load, settings.max_memory_bytes).compile, "compiling_ahead", first=0.0)


class _Ahead:
    """Compiles ahead. An experiment whose program cannot be compiled is tried once: its own training says why."""

    def __init__(self, training: UUID, store: ExperimentStore, load: SampleLoader, memory_bytes: int) -> None:
        self._training, self._store, self._load, self._memory_bytes = training, store, load, memory_bytes
        self._seen: set[UUID] = {training}

    def compile(self, _over: threading.Event) -> None:
        """Begin to compile the next program, unless one waits for its training."""
        from core.training import program_cache

        if program_cache.waits_ahead():
            return
        waiting = self._store.next_to_compile(program_cache.made())
        if waiting is None or waiting in self._seen:
            return
        self._seen.add(waiting)
        with suppress(NotFound):  # it was deleted meanwhile
            if memory_of(waiting, self._training, store=self._store) <= self._memory_bytes:
                spec = self._store.get(waiting).own_spec("its program is compiled")
                program_cache.compile_ahead(spec, self._load(spec.dataset))
                log.info("compiling_ahead", waiting=str(waiting))


def compile_at_start(
    stop: Callable[[], bool], prepare: Callable[[], object], *, store: ExperimentStore, load: SampleLoader
) -> None:
    """Compile the architectures that were asked for most often in the last day.

    Args:
        stop: returns True once there is something else to do. It is asked before each architecture.
        prepare: loads TensorFlow; called if there is something to compile.
        store: the store of the experiments.
        load: loads samples, whose shapes a program depends on.
    """
    try:
        for experiment in store.most_requested(MAX_AT_START, RECENT):
            if stop():
                return
            prepare()
            with suppress(NotFound):
                _compile_now(experiment, store, load)
    except Unavailable as away:
        log.warning("nothing_compiled_at_start", error=repr(away.__cause__))
    except Exception:
        log.exception("compiling_at_start_failed")


def _compile_now(experiment: UUID, store: ExperimentStore, load: SampleLoader) -> None:
    from core.training import program_cache

    spec = store.get(experiment).own_spec("its program is compiled")
    program_cache.compile_now(spec, load(spec.dataset))
    log.info("compiled_at_start", like=str(experiment))
