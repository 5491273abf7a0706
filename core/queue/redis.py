"""Redis, with what is no message of ours put aside instead of ending whoever reads it.

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
    """Gives back messages that were delivered and not acknowledged, for as long as they can be read."""

    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:
        """Give one back, or put aside what is none."""
        try:
            super().restore_by_tag(tag, client, leftmost)
        except (RedisError, *self.channel.connection_errors):
            raise
        except Exception as error:  # whatever a decoder says of foreign bytes
            with self.channel.conn_or_acquire(client) as connected:
                item = connected.hget(self.unacked_key, tag)
            self._remove_from_indices(tag).execute()
            self.channel.put_aside(item or repr(error), repr(error))


class Channel(redis.Channel):
    """Kombu's channel, which takes an item from the list before it reads it."""

    QoS = QoS

    def _brpop_read(self, **options: Any) -> Any:
        """Take and deliver the next message. Raises Empty when there was none, or none that can be read."""
        try:
            return super()._brpop_read(**options)
        except (Empty, RedisError, *self.connection_errors):
            raise  # the server's own words are no message
        except Exception as error:  # whatever a decoder says of foreign bytes
            unread = getattr(error, "doc", getattr(error, "object", None))  # of a JSON or a Unicode error
            self.put_aside(unread if isinstance(unread, str | bytes) else repr(error), repr(error))
            raise Empty from error

    def put_aside(self, item: str | bytes, reason: str) -> None:
        """Keep what is no message where no worker reads it."""
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
