"""The embedded broker: a kombu transport whose messages are files in a folder.

    messages/   one file a message: <nanoseconds>_<uuid>.<queue>.msg, written whole under another name and then renamed
    rejected/   files that are named like a message and are none, unchanged

Kombu's own filesystem transport writes in place, reads every file with such a name, and takes a message by moving it to
the system's temporary folder. On a full disk it leaves empty files, and the first of them ends a worker that reads it.
"""

import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any, ClassVar
from uuid import uuid4

import structlog
from kombu.transport import virtual
from kombu.utils.json import dumps

from core.queue.messages import MAX_MESSAGE_BYTES, decode

log = structlog.get_logger()

# Suffix of a message that is being written. A process that is killed leaves such a file behind.
UNFINISHED = ".part"
# Age at which an unfinished file is removed. Writing takes milliseconds: its writer is dead.
UNFINISHED_SECONDS = 3600.0
# Pause before a file that could not be put aside is read again. The folder is polled many times a second.
RETRY_SECONDS = 60.0


class Channel(virtual.Channel):
    """A channel on the files. Processes may share them: the one that unlinks a file has its message."""

    def __init__(self, connection: Any, **options: Any) -> None:
        super().__init__(connection, **options)
        chosen = connection.client.transport_options
        self._messages, self._rejected = Path(chosen["messages_folder"]), Path(chosen["rejected_folder"])
        self._passed_over: dict[str, float] = {}  # name -> time of files that could be neither taken nor put aside

    def basic_consume(self, *arguments: Any, **options: Any) -> None:
        """Begin to consume, and remove the files that killed writers have left."""
        old = time.time() - UNFINISHED_SECONDS
        for each in self._messages.glob(f"*{UNFINISHED}"):
            with suppress(OSError):
                if each.stat().st_mtime < old:
                    each.unlink()
        super().basic_consume(*arguments, **options)

    def _put(self, queue: str, message: dict[str, Any], **_: Any) -> None:
        """Add a message, whole or not at all. Raises OSError."""
        name = f"{time.time_ns()}_{uuid4()}.{queue}.msg"
        unfinished = self._messages / f"{name}{UNFINISHED}"
        try:
            self._messages.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(dumps(message).encode())
            unfinished.rename(self._messages / name)
        except BaseException:
            with suppress(OSError):
                unfinished.unlink()
            raise

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        """Take the oldest message. Raises Empty."""
        for path in self._waiting(queue):
            try:
                message = decode(_content(path))
                path.unlink()
            except FileNotFoundError:
                continue  # another process has taken it
            except (ValueError, PermissionError) as error:
                self._put_aside(path, str(error))
                continue
            return message
        raise Empty

    def _waiting(self, queue: str) -> list[Path]:
        try:
            names = sorted(os.listdir(self._messages))
        except FileNotFoundError:
            return []
        return [self._messages / each for each in names if each.partition(".")[2] == f"{queue}.msg"]

    def _put_aside(self, path: Path, reason: str) -> None:
        if time.monotonic() - self._passed_over.get(path.name, -RETRY_SECONDS) < RETRY_SECONDS:
            return
        try:
            self._rejected.mkdir(parents=True, exist_ok=True)
            path.rename(self._rejected / path.name)
            log.error("message_rejected", file=str(self._rejected / path.name), reason=reason)
        except FileNotFoundError:
            pass  # another process has put it aside
        except OSError as error:
            self._passed_over[path.name] = time.monotonic()
            log.error("message_passed_over", file=str(path), reason=reason, error=str(error))

    def _restore(self, message: Any) -> None:
        """Return a message that no worker has begun. If that fails, the sweep sends another one."""
        with suppress(OSError):
            super()._restore(message)

    def _size(self, queue: str) -> int:
        return len(self._waiting(queue))

    def _purge(self, queue: str) -> int:
        """Remove all messages; return their number."""
        waiting = self._waiting(queue)
        for path in waiting:
            with suppress(OSError):
                path.unlink()
        return len(waiting)


class Transport(virtual.Transport):
    """The transport behind `filesystem://`; its options name the folders."""

    Channel = Channel
    # A folder that cannot be read is retried like a server that does not answer.
    connection_errors: Any = (*virtual.Transport.connection_errors, OSError)
    implements = virtual.Transport.implements.extend(asynchronous=False, exchange_type=frozenset(["direct"]))
    # Bindings are kept per process: publisher and worker declare the same queue before they use it.
    global_state: ClassVar[virtual.BrokerState] = virtual.BrokerState()
    default_port: Any = 0
    driver_type = driver_name = "filesystem"

    def __init__(self, client: Any, **options: Any) -> None:
        super().__init__(client, **options)
        self.state = self.global_state

    def driver_version(self) -> str:
        """Return a placeholder: there is no server with a version."""
        return "N/A"


def _content(path: Path) -> bytes:
    """Return a file's bytes, up to one more than a message may have.

    Raises:
        ValueError: the path is a folder, a link, a pipe or a device.
        OSError: it cannot be read.
    """
    try:
        # Without waiting for the writer of a pipe, and without following a link.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except (FileNotFoundError, PermissionError):
        raise
    except OSError as error:
        raise ValueError(f"expected a file; received what cannot be opened as one ({error.strerror})") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("expected a file; received a folder, a pipe or a device")
        return os.read(descriptor, MAX_MESSAGE_BYTES + 1)
    finally:
        os.close(descriptor)
