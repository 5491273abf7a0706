"""A store of blobs: bytes without a name, found by the SHA-256 of their content.

The database's rows name blobs by hash. A blob is written before the row that names it and deleted after it, so that a
row never names a blob that is missing; a blob that no row names is rubbish, which the sweep collects.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from core.blobs.cache import Cache
from core.settings import Settings
from gradlab.errors import DiskFull, Invalid, NotFound, Problem, Unavailable, is_full, reason

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

log = structlog.get_logger()

# Smaller bytes stay in the database's rows: a row is read faster than an object, and both are kept together.
MIN_BLOB_BYTES = 256_000
# What is read at a time: a dataset is never in memory as a whole.
PIECE_BYTES = 8_000_000
# Parts of a file, of 5 MB each, that are on their way at a time.
MAX_PARTS = 4
SHA256 = re.compile(r"[0-9a-f]{64}")
# The object that names the database whose rows name the blobs.
OWNER = "database"
SCHEMES = ("s3", "gs", "az")
# A request waits this long for a connection, and this long for its whole answer: 512 MB at 2 MB/s.
CONNECT, ANSWER = timedelta(seconds=5), timedelta(seconds=300)
# Shorter than a worker's lease: a storage that is away is reported, and the caller decides whether to go on.
RETRIES: "RetryConfig" = {"max_retries": 4, "retry_timeout": timedelta(seconds=20)}


@dataclass(frozen=True)
class Blob:
    """One blob of a listing.

    Attributes:
        hash: the SHA-256 of its content, 64 hexadecimal digits.
        size: in bytes.
        modified: when it was last written, in UTC.
    """

    hash: str
    size: int
    modified: datetime


class BlobStore:
    """Blobs in a folder or in an object storage. Threads may share it, forked processes may not.

    Every method raises Unavailable while the storage does not answer, and DiskFull while a folder's disk has no room.

    Args:
        url: `s3://bucket/prefix`, `gs://…`, `az://account/container/prefix` or `file:///folder`; empty for `folder`.
            Keys and endpoints are read from the provider's own environment variables, such as AWS_ACCESS_KEY_ID and
            AWS_ENDPOINT_URL.
        folder: the folder of blobs without a URL. It is made when it is first used.
        cache: the folder of copies from another machine's storage.
        plain_http: True if an endpoint may be reached by HTTP without encryption.

    Raises:
        Invalid: the URL names no storage.
    """

    def __init__(self, url: str, *, folder: Path, cache: Path, plain_http: bool = False) -> None:
        self._folder, self._cache = _folder(url, folder), Cache(cache)
        self._remote = None if self._folder else _remote(url, plain_http)

    @property
    def _store(self) -> "ObjectStore":
        return self._remote or LocalStore(self._folder, mkdir=True)

    def put(self, content: bytes | Path | BinaryIO, digest: str | None = None) -> str:
        """Write bytes, or a file's content from its beginning, and return their hash.

        What is there already is written anew: that makes it young, so that no sweep collects it before its row is
        there. Readers see all of it or nothing, whenever the process dies.

        Args:
            content: what to write.
            digest: its hash, where the caller has worked it out.
        """
        digest = digest or hash_of(content)
        if not isinstance(content, bytes | Path):
            content.seek(0)
        with self._translated():
            obstore.put(self._store, _path(digest), content, max_concurrency=MAX_PARTS)
            self._sync(digest)
        return digest

    def read(self, digest: str) -> bytes:
        """Return a blob's content. Raises NotFound, also if the content has another hash."""
        with self._translated(digest):
            content = bytes(obstore.get(self._store, _path(digest)).bytes())
        if hash_of(content) != digest:
            raise NotFound(f"The stored bytes {digest} are damaged.")
        return content

    def fetch(self, digest: str) -> Path:
        """Return a file with a blob's content, to be read or mapped and not to be changed.

        It is the blob itself in a folder, else a copy that is downloaded once and checked against its hash. The least
        recently used copies make room for new ones; a file that is open or mapped stays readable.

        Raises:
            NotFound: there is no such blob, or its content has another hash.
        """
        if self._folder:
            if not (file := self._folder / _path(digest)).is_file():
                raise NotFound(_missing(digest))
            return file
        if copy := self._cache.get(digest):
            return copy
        with self._translated(digest), self._cache.locked():
            return self._cache.get(digest) or self._cache.add(digest, *self._stream(digest))

    def _stream(self, digest: str) -> tuple[int, Iterator[bytes]]:
        result = obstore.get(self._store, _path(digest))
        return result.meta["size"], (bytes(each) for each in result.stream(PIECE_BYTES))

    def exists(self, digest: str) -> bool:
        """True if there is such a blob."""
        return self.modified(digest) is not None

    def delete(self, digest: str) -> None:
        """Delete a blob, and this machine's copy of it. One that is not there is no error."""
        self._cache.delete(digest)
        with suppress(NotFound), self._translated(digest):
            obstore.delete(self._store, _path(digest))

    def copies(self) -> list[str]:
        """Return the hashes of the blobs of which this machine has copies."""
        return self._cache.hashes()

    def forget(self, digest: str) -> None:
        """Delete this machine's copy of a blob."""
        self._cache.delete(digest)

    def sweep(self, before: datetime) -> Iterator[Blob]:
        """Yield the blobs last written before a time, and delete what writers that died left in a folder before it."""
        if self._folder:
            _delete_unfinished(self._folder, before)
        for each in self.all():
            if each.modified < before:
                yield each

    def all(self) -> Iterator[Blob]:
        """Yield all blobs."""
        with self._translated():
            for page in obstore.list(self._store):
                for each in page:
                    digest = each["path"].rpartition("/")[2]
                    if SHA256.fullmatch(digest):
                        yield Blob(digest, each["size"], each["last_modified"])

    def owner(self) -> str | None:
        """Return the id of the database that the storage belongs to, None if nobody has said so yet."""
        with suppress(NotFound), self._translated(OWNER):
            return bytes(obstore.get(self._store, OWNER).bytes()).decode("ascii", "replace").strip()
        return None

    def belong_to(self, database: str) -> None:
        """State the id of the database that the storage belongs to."""
        with self._translated():
            obstore.put(self._store, OWNER, database.encode())

    def modified(self, digest: str) -> datetime | None:
        """Return when a blob was last written, None if it is not there."""
        with suppress(NotFound), self._translated(digest):
            return obstore.head(self._store, _path(digest))["last_modified"]
        return None

    def _sync(self, digest: str) -> None:
        """Write a folder's blob through to the disk: the row that names it may survive a power cut."""
        if self._folder:
            with (self._folder / _path(digest)).open("rb") as file:
                os.fsync(file.fileno())

    @contextmanager
    def _translated(self, digest: str = "") -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise NotFound(_missing(digest)) from error
        except (BaseError, OSError) as error:
            if is_full(error):
                raise DiskFull from error
            log.warning("blob_storage_away", reason=reason(error))  # holds addresses that no client is to see
            raise Unavailable("The storage of datasets and networks does not answer.") from error


def open_blobs(settings: Settings) -> BlobStore:
    """Open the storage that the settings name. Raises Invalid."""
    return BlobStore(
        settings.storage_url,
        folder=settings.blob_dir,
        cache=settings.blob_cache,
        plain_http=settings.storage_plain_http,
    )


def shared_blobs(settings: Settings) -> BlobStore | None:
    """Open the storage if the API and its workers are known to share it, else return None.

    They do if a URL names it, and on SQLite, whose file is on one machine. On PostgreSQL without a URL each machine may
    have a data directory of its own.
    """
    return open_blobs(settings) if settings.storage_url or settings.is_sqlite else None


def hash_of(content: bytes | Path | BinaryIO) -> str:
    """Return the SHA-256 of bytes, or of a file's content from its beginning, as 64 hexadecimal digits."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    if isinstance(content, Path):
        with content.open("rb") as file:
            return hash_of(file)
    content.seek(0)
    return hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]


def _path(digest: str) -> str:
    if not SHA256.fullmatch(digest):
        raise ValueError(f"expected the hash of a blob, 64 hexadecimal digits; received {digest!r}")
    return f"{digest[:2]}/{digest}"


def _missing(digest: str) -> str:
    where = "if the API and its workers are on different machines, they need one GRADLAB_STORAGE_URL"
    return f"The stored bytes {digest} are missing: {where}."


def _folder(url: str, folder: Path) -> Path | None:
    """Return the folder of blobs, None if they are in an object storage."""
    if not url:
        return folder.resolve()
    address = urlsplit(url)
    return Path(unquote(address.path)) if address.scheme == "file" else None


def _remote(url: str, plain_http: bool) -> "ObjectStore":
    if urlsplit(url).scheme not in SCHEMES or not urlsplit(url).netloc:
        expected = "s3://bucket/prefix, gs://bucket/prefix, az://account/container/prefix or file:///folder"
        raise Invalid(Problem("GRADLAB_STORAGE_URL", expected, "something else"))
    client: ClientConfig = {"connect_timeout": CONNECT, "timeout": ANSWER, "allow_http": plain_http}
    try:
        return from_url(url, client_options=client, retry_config=RETRIES)
    except (BaseError, ValueError) as error:
        raise Invalid(Problem("GRADLAB_STORAGE_URL", "a complete address and its keys", reason(error))) from error


def _delete_unfinished(folder: Path, before: datetime) -> None:
    """Delete what killed writers left: a blob is first written beside its place, with a number sign in its name."""
    for file in folder.glob("*/*#*"):
        with suppress(FileNotFoundError):
            if file.stat().st_mtime < before.timestamp():
                file.unlink()
