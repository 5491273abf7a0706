"""Full disks: a check by writing, which respects quotas and reserves, and log streams that survive them."""

import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TextIO, cast

from gradlab.errors import DISK_FULL, DiskFull, Unavailable

# Room for a chunk of epochs with its checkpoint: 0.1 to 1 MB for most networks.
MIN_FREE_BYTES = 1_000_000


def check_room(folder: Path) -> None:
    """Check the room in a folder by writing a nameless temporary file.

    Raises:
        DiskFull: there is no room for `MIN_FREE_BYTES`.
        Unavailable: the folder does not exist or cannot be written to.
    """
    try:
        with TemporaryFile(dir=folder) as file:
            file.write(bytes(MIN_FREE_BYTES))
            file.flush()
    except OSError as error:
        if error.errno in DISK_FULL:
            raise DiskFull from error
        raise Unavailable(f"The data directory cannot be written to: {error.strerror}.") from error


class _LossyStream:
    """A text stream that drops what cannot be written, without raising."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write or drop the text; return its length either way."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush or drop what was written."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def lossy(stream: TextIO) -> TextIO:
    """Wrap a stream for logs, so that a full disk raises no error in those who write to it."""
    return cast(TextIO, _LossyStream(stream))


def survive_full_logs() -> None:
    """Make standard output and error lossy: they may be files on a full disk, on which `print` would raise."""
    sys.stdout, sys.stderr = lossy(sys.stdout), lossy(sys.stderr)
