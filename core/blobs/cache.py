"""Copies of blobs from another machine, in a folder of bounded size."""

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from gradlab.errors import NotFound

# Eight datasets of the largest size that is accepted by default.
MAX_CACHE_BYTES = 4_000_000_000
# What the names of files begin with that are not there as a whole.
UNFINISHED = "#"


class Cache:
    """Files by the hash of their content. Processes may share the folder.

    Args:
        folder: made when the first file is added.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def get(self, digest: str) -> Path | None:
        """Return the file of a hash and mark it as used; None if it is not there."""
        file = self._folder / digest
        try:
            os.utime(file)
        except FileNotFoundError:
            return None
        return file

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep the other processes and threads of this machine from adding a file: the first one adds it for all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._folder.with_name(f"{self._folder.name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
            yield

    def add(self, digest: str, size: int, pieces: Iterable[bytes]) -> Path:
        """Write a file, whole or not at all, and delete the least recently used ones that it has to replace.

        Args:
            digest: the SHA-256 that the content has to have.
            size: of the content, in bytes.
            pieces: the content.

        Raises:
            NotFound: the content has another hash.
            OSError: it cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._make_room(size)
        sha256, file = hashlib.sha256(), self._folder / digest
        with NamedTemporaryFile(dir=self._folder, prefix=UNFINISHED, delete=False) as temporary:
            try:
                for piece in pieces:
                    sha256.update(piece)
                    temporary.write(piece)
                if sha256.hexdigest() != digest:
                    raise NotFound(f"The stored bytes {digest} are damaged.")
                temporary.flush()
                os.fsync(temporary.fileno())  # its name says that it is whole, after a power cut, too
                Path(temporary.name).replace(file)
            except BaseException:
                Path(temporary.name).unlink(missing_ok=True)
                raise
        return file

    def hashes(self) -> list[str]:
        """Return the hashes of the files that are there as a whole."""
        names = [file.name for file in self._folder.iterdir()] if self._folder.is_dir() else []
        return [name for name in names if not name.startswith(UNFINISHED)]

    def delete(self, digest: str) -> None:
        """Delete a file, if it is there."""
        (self._folder / digest).unlink(missing_ok=True)

    def _make_room(self, size: int) -> None:
        files = []
        for file in self._folder.iterdir():
            with suppress(FileNotFoundError):
                state = file.stat()
                files.append((state.st_mtime, state.st_size, file))
        total = size + sum(each[1] for each in files)
        for _, freed, file in sorted(files):
            if total <= MAX_CACHE_BYTES:
                break
            file.unlink(missing_ok=True)
            total -= freed
