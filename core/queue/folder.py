"""The embedded broker: a kombu transport whose messages are files in a folder.

    messages/   one file a message: <nanoseconds>_<uuid>.<queue>.msg, written whole under another name and then renamed
    rejected/   files with a message's name that are no message, put aside as they were

Kombu's own filesystem transport writes in place, reads whatever has the right name, and takes a message by moving it to
the system's temporary folder: on a full disk it leaves empty files, and the first of them ends whoever reads it.
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

# Under this ending a message is written; a process that was killed leaves it behind.
UNFINISHED = ".part"
# Writing a message takes milliseconds: what is older is nobody's any more.
UNFINISHED_SECONDS = 3600.0
# A file in a folder that cannot be written to is looked at again after so long: polls are many a second.
RETRY_SECONDS = 60.0


class Channel(virtual.Channel):
    """Reads and writes the files. Any number of processes may share them: whoever unlinks one has its message."""

    def __init__(self, connection: Any, **options: Any) -> None:
        super().__init__(connection, **options)
        chosen = connection.client.transport_options
        self._messages, self._rejected = Path(chosen["messages_folder"]), Path(chosen["rejected_folder"])
        self._passed_over: dict[str, float] = {}  # what could be neither taken nor put aside, and when

    def basic_consume(self, *arguments: Any, **options: Any) -> None:
        """Begin to consume, and remove what killed writers have left."""
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
        """Give back a message that nobody has begun. One that gets lost here is sent again by the sweep."""
        with suppress(OSError):
            super()._restore(message)

    def _size(self, queue: str) -> int:
        return len(self._waiting(queue))

    def _purge(self, queue: str) -> int:
        """Remove all messages; says how many."""
        waiting = self._waiting(queue)
        for path in waiting:
            with suppress(OSError):
                path.unlink()
        return len(waiting)


class Transport(virtual.Transport):
    """The transport behind `filesystem://`; where the folders are stand in its options."""

    Channel = Channel
    # A folder that cannot be read now is tried again, as a server that is away would be.
    connection_errors: Any = (*virtual.Transport.connection_errors, OSError)
    implements = virtual.Transport.implements.extend(asynchronous=False, exchange_type=frozenset(["direct"]))
    # Bindings are the process's: publisher and worker declare the same queue before they use it.
    global_state: ClassVar[virtual.BrokerState] = virtual.BrokerState()
    default_port: Any = 0
    driver_type = driver_name = "filesystem"

    def __init__(self, client: Any, **options: Any) -> None:
        super().__init__(client, **options)
        self.state = self.global_state

    def driver_version(self) -> str:
        """There is no server that would have one."""
        return "N/A"


def _content(path: Path) -> bytes:
    """A file's bytes, one more than a message may have at most.

    Raises:
        ValueError: what has this name is no file: a folder, a link, a pipe.
        OSError: it cannot be read.
    """
    try:
        # A pipe would keep us waiting for a writer, a link would lead elsewhere.
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
