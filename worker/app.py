"""The Celery app: `python -m celery -A worker.app worker`, or `python -m worker`. No TensorFlow is loaded here."""

import sys

import structlog
from celery import Celery

from core.disk import lossy
from core.queue import celery_config
from core.settings import Settings
from worker.deaths import LOST_SECONDS, Deaths
from worker.sweep import Sweep

settings = Settings()

app = Celery("gradlab", include=["worker.tasks", "worker.stopping", "worker.lifeline"])
app.conf.update(celery_config(settings))
app.conf.update(
    gradlab_settings=settings,  # for `Sweep`
    worker_concurrency=settings.worker_concurrency,
    # TensorFlow does not survive a fork: each child is a new interpreter. Children stay, with their compiled programs,
    # until they are too large.
    worker_pool_start_method="spawn",
    worker_max_memory_per_child=settings.worker_memory_bytes // 1024,
    # A new interpreter takes a second or two to start, more on a busy machine.
    worker_proc_alive_timeout=60.0,
    # Time for the last messages of a child that has died.
    worker_lost_wait=LOST_SECONDS,
    # Messages are hints: take one at a time and acknowledge it early. The claim makes training exclusive.
    worker_prefetch_multiplier=1,
    task_acks_late=False,
    # The service sends no remote commands, and others may write to the broker: accept none.
    worker_enable_remote_control=False,
    worker_hijack_root_logger=True,
    worker_redirect_stdouts=False,
)
app.steps["worker"].update((Sweep, Deaths))

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
    ],
    logger_factory=structlog.PrintLoggerFactory(lossy(sys.stderr)),
)
