"""Checks of a file's first bytes while it is received: its format, its first header, and lines without an end.

They need no reader of the format, so that the process that receives it parses nothing that a stranger wrote.
"""

import zlib
from collections.abc import Callable

from core.samples.csv_header import BOM, MAX_LINE_BYTES, read_header
from core.samples.limits import check_names, refusal
from core.samples.zip_entries import ENCRYPTED, LOCAL_BYTES, METHODS
from gradlab.errors import shorten
from gradlab.schemas.datasets import FileFormat

# The first bytes of formats -> their names. Those that hold code are named, so that the refusal says why.
MAGIC = {
    b"PAR1": "Parquet",
    b"PARE": "an encrypted Parquet file",
    b"PK\x03\x04": "a ZIP archive",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\x89HDF": "HDF5, which this service does not read",
    b"ARRO": "Feather, which this service does not read",
    b"FEA1": "Feather, which this service does not read",
    b"\x93NUM": "a single NumPy array: write it with numpy.savez, as NPZ",
    b"\x80\x02": "a pickle, which is code",
    b"\x80\x03": "a pickle, which is code",
    b"\x80\x04": "a pickle, which is code",
    b"\x80\x05": "a pickle, which is code",
    b"\x1f\x8b": "a gzip archive: send the file itself",
}
EXPECTED = {
    FileFormat.csv: "CSV in UTF-8",
    FileFormat.parquet: "a Parquet file, which begins with PAR1",
    FileFormat.npz: "an NPZ file, a ZIP archive of arrays",
}
# First bytes that are kept for a check: a header of an entry, its name, and the array's own header.
HEAD_BYTES = 65_536
OBJECT = b"'|O'"


class HeadCheck:
    """Check of a file that arrives in pieces.

    Args:
        format: the format that its sender names.
    """

    def __init__(self, format: FileFormat) -> None:
        self._format, self._head, self._is_checked = format, b"", False
        self._line_bytes = 0
        self._size = 0

    def feed(self, piece: bytes) -> None:
        """Check the next piece. Raises Invalid as soon as the file cannot be of its format."""
        self._size += len(piece)
        if not self._is_checked:
            self._head += piece[: self._room]
            self._check(is_whole=False)
        if self._format is FileFormat.csv:
            self._check_lines(piece)

    def end(self) -> None:
        """Check a file that is there as a whole. Raises Invalid."""
        if not self._size:
            raise refusal(EXPECTED[self._format], "an empty body")
        if not self._is_checked:
            self._check(is_whole=True)

    @property
    def _room(self) -> int:
        limit = MAX_LINE_BYTES + len(BOM) + 2 if self._format is FileFormat.csv else HEAD_BYTES
        return limit - len(self._head)

    def _check(self, *, is_whole: bool) -> None:
        if len(self._head) >= 4 or is_whole:
            self._check_magic()
        if self._format is FileFormat.csv:
            is_enough = b"\n" in self._head
        elif self._format is FileFormat.npz:
            is_enough = self._room <= 0
        else:
            is_enough = len(self._head) >= 4
        if is_enough or self._room <= 0 or is_whole:
            self._is_checked = True
            CHECKS[self._format](self._head)
            self._head = b""

    def _check_magic(self) -> None:
        named = ((magic, name) for magic, name in MAGIC.items() if self._head.startswith(magic))
        # The first column of a CSV file may be called PARENT.
        name = next((name for magic, name in named if self._format is not FileFormat.csv or not magic.isalnum()), None)
        own = {FileFormat.csv: None, FileFormat.parquet: "Parquet", FileFormat.npz: "a ZIP archive"}[self._format]
        if name != own:
            raise refusal(EXPECTED[self._format], name or f"something else: {shorten(self._head[:8])}")

    def _check_lines(self, piece: bytes) -> None:
        if b"\0" in piece:
            raise refusal("text in UTF-8", "bytes that are zero")
        end = piece.rfind(b"\n")
        self._line_bytes = self._line_bytes + len(piece) if end < 0 else len(piece) - end - 1
        if self._line_bytes > MAX_LINE_BYTES:
            raise refusal(f"lines of at most {MAX_LINE_BYTES:,} bytes", "a longer one")


def _check_csv(head: bytes) -> None:
    check_names(list(read_header(head).names))


def _check_npz(head: bytes) -> None:
    """Check the archive's first entry: an array that is neither encrypted nor of Python objects."""
    flags, method = (int.from_bytes(head[at : at + 2], "little") for at in (6, 8))
    name_bytes, extra_bytes = (int.from_bytes(head[at : at + 2], "little") for at in (26, 28))
    name = head[LOCAL_BYTES : LOCAL_BYTES + name_bytes]
    if len(head) < LOCAL_BYTES or flags & ENCRYPTED or method not in METHODS:
        raise refusal("entries that are stored or deflated, not encrypted", shorten(name))
    if not name.endswith(b".npy") or b"/" in name or b"\\" in name:
        raise refusal("arrays alone, named NAME.npy", shorten(name))
    content = head[LOCAL_BYTES + name_bytes + extra_bytes :]
    if method:
        try:
            content = zlib.decompressobj(-15).decompress(content, HEAD_BYTES)
        except zlib.error:
            raise refusal("entries that are deflated", "other bytes", shorten(name)) from None
    if not content.startswith(b"\x93NUMPY"):
        raise refusal("an array, as numpy.save writes it", "other bytes", shorten(name))
    if OBJECT in content[:HEAD_BYTES].partition(b"\n")[0]:
        raise refusal("numbers or texts", "Python objects, which are never unpickled", shorten(name))


CHECKS: dict[FileFormat, Callable[[bytes], None]] = {
    FileFormat.csv: _check_csv,
    FileFormat.parquet: lambda head: None,
    FileFormat.npz: _check_npz,
}
