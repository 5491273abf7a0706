"""A Redis transport that puts aside foreign items instead of raising in the worker that reads them.

Rejected items are kept in the list `gradlab.rejected`, the newest first.
"""

from queue import Empty
from typing import Any

import structlog
from kombu.transport import redis
from kombu.utils.json import dumps
from redis.exceptions import RedisError

from core.queue.messages import QUEUE, checked
from gradlab.errors import shorten

log = structlog.get_logger()

REJECTED = f"{QUEUE}.rejected"
MAX_REJECTED = 1_000


class QoS(redis.QoS):
    """Kombu's quality of service, which returns unacknowledged messages, if they can be read."""

    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:
        """Return a message to its queue, or put it aside if it cannot be read."""
        try:
            super().restore_by_tag(tag, client, leftmost)
        except (RedisError, *self.channel.connection_errors):
            raise
        except Exception as error:  # decoders raise many kinds of errors on foreign bytes
            with self.channel.conn_or_acquire(client) as connected:
                item = connected.hget(self.unacked_key, tag)
            self._remove_from_indices(tag).execute()
            self.channel.put_aside(item or repr(error), repr(error))


class Channel(redis.Channel):
    """Kombu's channel. It takes an item from the list before it parses it."""

    QoS = QoS

    def _brpop_read(self, **options: Any) -> Any:
        """Take and deliver the next message. Raises Empty if there is none, or if the item cannot be read."""
        try:
            return super()._brpop_read(**options)
        except (Empty, RedisError, *self.connection_errors):
            raise  # errors of the server, not of the item
        except Exception as error:  # decoders raise many kinds of errors on foreign bytes
            unread = getattr(error, "doc", getattr(error, "object", None))  # of a JSON or a Unicode error
            self.put_aside(unread if isinstance(unread, str | bytes) else repr(error), repr(error))
            raise Empty from error

    def put_aside(self, item: str | bytes, reason: str) -> None:
        """Move an item that is no message to the list of rejected ones."""
        log.error("message_rejected", list=REJECTED, reason=reason, received=shorten(item))
        with self.conn_or_acquire() as client, client.pipeline() as pipe:
            pipe.lpush(REJECTED, item)
            pipe.ltrim(REJECTED, 0, MAX_REJECTED - 1)
            pipe.execute()


class Transport(redis.Transport):
    """The transport behind `redis://` and `rediss://`."""

    Channel = Channel

    def _deliver(self, message: Any, queue: str) -> None:
        try:
            read = checked(message) if queue == QUEUE else message
        except ValueError as error:
            self.channels[0].put_aside(dumps(message), str(error))
        else:
            super()._deliver(read, queue)
