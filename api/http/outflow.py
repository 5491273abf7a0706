"""Files that are sent while they are written, so that no export is held in memory as a whole."""

import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

# The zip format has no earlier year.
FIRST_YEAR = 1980


class Outflow(io.RawIOBase):
    """Write-only file in memory; its content can be taken out at any time."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        self._written += len(part)
        return len(part)

    def tell(self) -> int:
        return self._written

    def take(self) -> bytes:
        """Return, and forget, the bytes written since the last call."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def zipped(files: Iterable[tuple[str, Iterable[bytes]]], *, at: datetime, compressed: bool) -> Iterator[bytes]:
    """Write a zip archive piece by piece. Equal files with an equal time give equal bytes.

    Args:
        files: the names, and the contents in pieces.
        at: the modification time of all files.
        compressed: True to deflate the files, False to store them.
    """
    out = Outflow()
    moment = (max(at.year, FIRST_YEAR), at.month, at.day, at.hour, at.minute, at.second)
    with ZipFile(out, "w") as archive:
        for name, pieces in files:
            entry = ZipInfo(name, moment)
            entry.compress_type = ZIP_DEFLATED if compressed else ZIP_STORED
            entry.external_attr = 0o644 << 16
            with archive.open(entry, "w", force_zip64=True) as file:
                for piece in pieces:
                    file.write(piece)
                    yield out.take()
            yield out.take()
    yield out.take()
