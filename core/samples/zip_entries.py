"""Reader of one entry of a ZIP archive, which trusts none of the archive's sizes.

Python's `zipfile` stops at the declared size of an entry, and ignores what its data hold beyond.
"""

import zipfile
import zlib
from typing import BinaryIO

PIECE_BYTES = 1_000_000
# Bytes of the header before an entry's data, without its name and its further fields, and what it begins with.
LOCAL_BYTES, LOCAL = 30, b"PK\x03\x04"
# The ways of packing that NumPy writes, and the flag of an entry with a password.
METHODS, ENCRYPTED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED), 0x1


class EntryReader:
    """The content of an entry that is stored or deflated.

    Args:
        file: the archive.
        entry: its entry, from the archive's list of files.

    Attributes:
        position: bytes that were read.

    Raises:
        BadZipFile: the entry has no header where the list says.
    """

    def __init__(self, file: BinaryIO, entry: zipfile.ZipInfo) -> None:
        self._file, self._entry, self.position = file, entry, 0
        file.seek(entry.header_offset)
        header = file.read(LOCAL_BYTES)
        if len(header) < LOCAL_BYTES or not header.startswith(LOCAL):
            raise zipfile.BadZipFile("no entry where the list of files says")
        file.seek(sum(int.from_bytes(header[at : at + 2], "little") for at in (26, 28)), 1)
        self._left, self._crc = entry.compress_size, 0
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS) if entry.compress_type == zipfile.ZIP_DEFLATED else None

    def read(self, size: int = -1, /) -> bytes:
        """Return the next `size` bytes, fewer at the declared end; all that are left if it is negative.

        Raises:
            zlib.error: the data are not deflated.
        """
        left = self._entry.file_size - self.position
        pieces, missing = [], min(size, left) if size >= 0 else left
        while missing and (piece := self._piece(missing)):
            pieces.append(piece)
            missing -= len(piece)
        content = b"".join(pieces)
        self._crc, self.position = zlib.crc32(content, self._crc), self.position + len(content)
        return content

    def end(self) -> None:
        """Check that all was read, and is what the archive says. Raises BadZipFile."""
        is_longer = bool(self._piece(1)) or self._left > 0 or (self._inflater is not None and not self._inflater.eof)
        if is_longer or self.position != self._entry.file_size:
            raise zipfile.BadZipFile("an entry of another size than the list of files says")
        if self._crc != self._entry.CRC:
            raise zipfile.BadZipFile("an entry with another checksum than the list of files says")

    def _piece(self, size: int) -> bytes:
        if self._inflater is None:
            return self._packed(size)
        while not self._inflater.eof:
            packed = self._inflater.unconsumed_tail or self._packed(PIECE_BYTES)
            if not packed:
                break
            if piece := self._inflater.decompress(packed, size):
                return piece
        return b""

    def _packed(self, size: int) -> bytes:
        packed = self._file.read(min(size, self._left))
        self._left -= len(packed)
        return packed
