"""Advancing of treatments and studies: by the worker that has ended one of their experiments, and by the sweep."""

from collections.abc import Callable, Sequence
from typing import Protocol
from uuid import UUID

import structlog

from core.queue import JobQueue
from core.store import ExperimentStore
from core.use_cases import studies, treatments
from gradlab.errors import Unavailable

log = structlog.get_logger()


class _Waiting(Protocol):
    """A store of things that wait for experiments."""

    def waiting_for(self, experiment_id: UUID) -> list[UUID]: ...
    def due(self) -> list[UUID]: ...


def advance_with(experiment_id: UUID, *, store: ExperimentStore, queue: JobQueue) -> None:
    """Advance what waits for an experiment. While the database is away, that is left to the sweep."""
    try:
        _advance(lambda waiting: waiting.waiting_for(experiment_id), store, queue)
    except Unavailable as away:
        log.warning("advancing_left_to_the_sweep", error=repr(away.__cause__))


def sweep(*, store: ExperimentStore, queue: JobQueue) -> int:
    """Advance every treatment and study that is due. Return their number. Raises Unavailable."""
    return _advance(lambda waiting: waiting.due(), store, queue)


def _advance(due: Callable[[_Waiting], Sequence[UUID]], store: ExperimentStore, queue: JobQueue) -> int:
    """Advance what is due, and log what is stuck. Return the number of both.

    Raises:
        Unavailable: the database does not answer.
    """
    count = 0
    kinds: tuple[tuple[_Waiting, Callable[..., None]], ...]
    kinds = (store.treatments, treatments.advance), (store.studies, studies.advance)
    for waiting, advance in kinds:
        for it in due(waiting):
            count += 1
            try:
                advance(it, store=store, queue=queue)
            except Unavailable:
                raise
            except Exception:
                log.exception("stuck", kind=advance.__module__.rpartition(".")[2], id=str(it))  # the others go on
    return count
