"""Disks without room: asked about by writing, the only answer that counts quotas and reserves, and survived by logs."""

import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TextIO, cast

from gradlab.errors import DISK_FULL, DiskFull, Unavailable

# With less a chunk of epochs with its checkpoint may not be stored: 0.1 to 1 MB for most networks.
MIN_FREE_BYTES = 1_000_000


def check_room(folder: Path) -> None:
    """Write into a folder, into a file without a name that is gone afterwards.

    Raises:
        DiskFull: there is no room for `MIN_FREE_BYTES`.
        Unavailable: the folder is not there or cannot be written to.
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
    """What a full disk does not take is lost, and whoever wanted to say it goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or lose the text; its length either way."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or lose what was written."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def lossy(stream: TextIO) -> TextIO:
    """A stream for logs on what may be a full disk: nobody who writes to it breaks."""
    return cast(TextIO, _LossyStream(stream))


def survive_full_logs() -> None:
    """Standard output and error may be files on the disk that is full: no `print` of this process breaks on them."""
    sys.stdout, sys.stderr = lossy(sys.stdout), lossy(sys.stderr)
