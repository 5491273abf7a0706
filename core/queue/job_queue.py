"""The job queue: messages that name the task and carry only an experiment's id.

A message is a hint to read the experiment's row, which decides. It may be lost, or arrive twice.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from uuid import UUID

from celery import Celery
from kombu.exceptions import ChannelError, KombuError, OperationalError
from kombu.transport import TRANSPORT_ALIASES

from core.queue.messages import QUEUE, TRAIN
from core.settings import Settings
from gradlab.errors import DiskFull, Unavailable, is_full

# Kombu selects transports by the scheme of the URL. Those of this service put aside foreign messages.
TRANSPORT_ALIASES |= {
    "filesystem": "core.queue.folder:Transport",
    "redis": "core.queue.redis:Transport",
    "rediss": "core.queue.redis:Transport",
}
# URL scheme of the embedded broker. Celery requires a host after it.
EMBEDDED = "filesystem://"
# Time that a submission waits for a broker that does not answer. The sweep publishes instead.
CONNECT_SECONDS = 2.0
# Kombu's keys for unacknowledged messages. They are prefixed, because other programs on the same Redis have them too.
OWN_KEYS = ("unacked_key", "unacked_index_key", "unacked_mutex_key")
# Texts in Redis's errors when it accepts no message: its memory limit is reached, or its disk is full.
REDIS_FULL = ("maxmemory", "MISCONF")
# Interval at which an idle worker polls the embedded broker's folder.
POLLING_SECONDS = 0.02


class JobQueue(Protocol):
    """The interface of a queue for the use-cases."""

    def publish(self, experiment_id: UUID) -> None:
        """Publish a message about an experiment. Raises Unavailable."""


def celery_config(settings: Settings) -> dict[str, Any]:
    """Return the Celery configuration that publisher and worker share."""
    return {
        "broker_url": EMBEDDED + "localhost" if settings.is_folder_broker else settings.broker,
        "broker_transport_options": _transport(settings),
        "broker_connection_timeout": CONNECT_SECONDS,
        "broker_connection_retry_on_startup": True,
        "broker_channel_error_retry": True,  # a broker that refuses may accept later
        "task_default_queue": QUEUE,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
    }


class CeleryQueue:
    """A JobQueue on any broker that Celery supports."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.broker_dir if settings.is_folder_broker else None
        self._app = Celery("gradlab", set_as_current=False)
        self._app.conf.update(celery_config(settings))
        # One try: a submission is answered at once, and the sweep publishes later.
        once = {"max_retries": 0, "interval_start": 0, "interval_step": 0, "interval_max": 0}
        self._app.conf.broker_transport_options |= once | self._impatient(settings)

    def publish(self, experiment_id: UUID) -> None:
        """Publish a message about an experiment. Raises Unavailable."""
        with _translated():
            self._app.send_task(TRAIN, args=[str(experiment_id)], retry=False)

    def is_empty(self) -> bool:
        """Return True if the queue holds no message. Raises Unavailable."""
        with _translated(), self._app.connection_for_write() as connection:
            try:
                return not connection.default_channel.queue_declare(QUEUE, durable=True).message_count
            except (*connection.connection_errors, *connection.channel_errors) as error:
                raise OperationalError(str(error)) from error

    def ping(self) -> None:
        """Raise Unavailable unless the broker accepts messages."""
        with _translated():
            if self._folder and not os.access(self._folder, os.W_OK):
                raise PermissionError(f"{self._folder} cannot be written to")
            with self._app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, timeout=CONNECT_SECONDS)

    @staticmethod
    def _impatient(settings: Settings) -> dict[str, Any]:
        waits = ("socket_connect_timeout", "socket_timeout")
        return dict.fromkeys(waits, CONNECT_SECONDS) if _redis(settings) else {}


def _redis(settings: Settings) -> bool:
    return settings.broker.startswith(("redis://", "rediss://"))


def _transport(settings: Settings) -> dict[str, Any]:
    if not settings.is_folder_broker:
        return {name: f"{QUEUE}.{name}" for name in OWN_KEYS} if _redis(settings) else {}
    messages = settings.broker_dir / "messages"
    messages.mkdir(parents=True, exist_ok=True)
    return {
        "messages_folder": str(messages),
        "rejected_folder": str(settings.broker_dir / "rejected"),
        "polling_interval": POLLING_SECONDS,
    }


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, KombuError, ChannelError, OSError) as error:
        raise _outage(error) from error


def _outage(error: Exception) -> Unavailable:
    if is_full(error):
        return DiskFull()
    if any(words in str(error) for words in REDIS_FULL):
        return Unavailable("The broker takes no messages: it is out of memory, or cannot save to its disk.")
    return Unavailable("The broker does not answer.")
