"""Receive a file: written to a nameless temporary file, hashed and checked, while it arrives."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Protocol, cast

from anyio import CapacityLimiter, WouldBlock
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request

from api.http.errors import BodyIncomplete
from gradlab.errors import DiskFull, Unavailable, is_full

# Bytes that are hashed and written at a time, in a thread.
PIECE_BYTES = 1_000_000


class Check(Protocol):
    """Check of a file that arrives in pieces."""

    def feed(self, piece: bytes) -> None:
        """Check the next piece. Raises Invalid as soon as the file cannot be what it should."""

    def end(self) -> None:
        """Check a file that is there as a whole. Raises Invalid."""


class Upload:
    """A file that arrives in pieces. The system deletes it when it is closed, or when this process is killed.

    Args:
        file: where it is written.
        check: of its pieces.

    Attributes:
        file: the bytes so far.
        size: their number.
    """

    def __init__(self, file: BinaryIO, check: Check) -> None:
        self.file, self.size = file, 0
        self._sha256, self._check = hashlib.sha256(), check

    @property
    def digest(self) -> str:
        """The SHA-256 of the bytes so far, as 64 hexadecimal digits."""
        return self._sha256.hexdigest()

    def add(self, piece: bytes) -> None:
        """Check, hash and write a piece.

        Raises:
            Invalid: the file cannot be what it should.
            DiskFull: there is no room for it.
        """
        self._check.feed(piece)
        self._sha256.update(piece)
        self.size += len(piece)
        with _full_disks():
            self.file.write(piece)

    def end(self) -> None:
        """Check a file that is there as a whole. Raises Invalid, DiskFull."""
        self._check.end()
        with _full_disks():
            self.file.flush()


@contextmanager
def opened(folder: Path, check: Check, places: CapacityLimiter) -> Iterator[Upload]:
    """Open an upload, whose file has no name in `folder`; it is gone when the block ends.

    Raises:
        Unavailable: all `places` are taken.
    """
    place = object()
    try:
        places.acquire_on_behalf_of_nowait(place)
    except WouldBlock:
        taken = f"{places.total_tokens:.0f} files are being uploaded: try again when one of them is there."
        raise Unavailable(taken) from None
    try:
        with TemporaryFile(dir=folder) as file:
            yield Upload(cast(BinaryIO, file), check)
    finally:
        places.release_on_behalf_of(place)


async def receive(request: Request, upload: Upload) -> None:
    """Receive a request's body as an upload.

    Raises:
        BodyIncomplete: the client disconnected before the end.
        Invalid: the file cannot be what it should.
        DiskFull: there is no room for it.
    """
    async for piece in _pieces(request):
        await run_sync(upload.add, piece)
    await run_sync(upload.end)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    gathered, is_first = bytearray(), True
    try:
        async for piece in request.stream():
            gathered += piece
            # The first bytes are checked at once, so that a wrong file is refused before more of it is sent.
            if len(gathered) >= PIECE_BYTES or (is_first and gathered):
                is_first = False
                yield bytes(gathered)
                gathered.clear()
    except ClientDisconnect as error:
        raise BodyIncomplete("the client disconnected before its body was complete") from error
    yield bytes(gathered)


@contextmanager
def _full_disks() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise DiskFull from error
        raise
