"""The sweep: every worker periodically checks for lost messages and dead workers. There is no other scheduler."""

import threading
from typing import Any
from uuid import UUID

import structlog
from celery import bootsteps, signals
from celery.worker.state import reserved_requests

from core.blobs import open_blobs
from core.queue import CeleryQueue
from core.settings import Settings
from core.store import ExperimentStore
from core.use_cases import advancing, diagnoses, experiments
from core.use_cases.collecting import Collector
from gradlab.errors import Unavailable

log = structlog.get_logger()


class Sweep(bootsteps.StartStopStep):  # type: ignore[misc]
    """A thread of the worker's main process that sweeps.

    It is not Celery's timer: on Redis that runs in the loop that reads messages, which must not wait for a database.
    """

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._stop = threading.Event()
        # A worker that stops must not publish an experiment that it has just requeued: it would receive the message.
        signals.worker_shutting_down.connect(self.stop, weak=False)

    def start(self, worker: Any) -> None:
        """Start the thread: it sweeps at once, and then every `sweep_every`."""
        settings: Settings = worker.app.conf.gradlab_settings
        threading.Thread(target=self._run, args=[settings], daemon=True, name="sweep").start()

    def stop(self, worker: Any = None, **_: Any) -> None:
        """Stop the thread after its current sweep."""
        self._stop.set()

    def _run(self, settings: Settings) -> None:
        store = ExperimentStore(settings.database, lease=settings.lease, max_attempts=settings.max_attempts)
        queue = CeleryQueue(settings)
        collector = Collector(store, open_blobs(settings))
        undiagnosed: set[UUID] = set()
        while True:
            try:
                if published := _sweep(store, queue, settings):
                    log.info("swept", published=published)
                advancing.sweep(store=store, queue=queue)
                diagnoses.sweep(undiagnosed, store=store)
                collector.collect_if_due()
            except Unavailable as away:
                log.warning("sweep_failed", reason=str(away), error=repr(away.__cause__))
            except Exception:
                log.exception("sweep_failed")  # the worker goes on training after any error
            if self._stop.wait(settings.sweep_every.total_seconds()):
                return


def _sweep(store: ExperimentStore, queue: CeleryQueue, settings: Settings) -> int:
    if not _is_idle(queue, settings):
        return experiments.sweep(store=store, queue=queue, requeue_after=settings.requeue_after)
    soon = min(settings.requeue_after, settings.sweep_every)
    return experiments.sweep(store=store, queue=queue, requeue_after=soon, idle=True)


def _is_idle(queue: CeleryQueue, settings: Settings) -> bool:
    """Return True if this worker could train another experiment, and the queue is empty."""
    if len(reserved_requests) >= settings.worker_concurrency:
        return False
    try:
        return queue.is_empty()
    except Unavailable:
        return False
