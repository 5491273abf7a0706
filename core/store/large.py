"""Large bytes of a row: in the row itself, or in a blob that the row names."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from core.blobs import MIN_BLOB_BYTES, BlobStore
from gradlab.errors import NotFound, Unavailable

# Bytes at the end of a blob that make it its owner's alone: an experiment's id, and the number of an attempt. Equal
# specs have equal checkpoints, and one that its experiment replaces is deleted.
OWNER_BYTES = 20


@dataclass(frozen=True)
class Kept:
    """Bytes as a row holds them.

    Attributes:
        data: the bytes; empty if they are a blob.
        blob: the hash of the blob; None if they are in the row.
    """

    data: bytes
    blob: str | None = None


def owner(experiment: UUID, attempt: int) -> bytes:
    """Return the bytes that make a blob an attempt's alone."""
    return experiment.bytes + attempt.to_bytes(OWNER_BYTES - len(experiment.bytes), "big")


class LargeBytes:
    """Writes large bytes as blobs before their row, and reads them after it. Small ones stay in rows.

    Args:
        blobs: where they go; None if all stay in rows, because no storage is known to be shared by API and workers.
    """

    def __init__(self, blobs: BlobStore | None) -> None:
        self._blobs = blobs

    def keep(self, content: bytes, owner: bytes = b"") -> Kept:
        """Store bytes, outside of any transaction. Raises Unavailable while the storage does not answer."""
        if self._blobs is None or len(content) < MIN_BLOB_BYTES:
            return Kept(content)
        return Kept(b"", self._blobs.put(content + owner))

    def load(self, kept: Kept, owner: bool = False) -> bytes:
        """Return stored bytes; `owner` if they were kept with one.

        Raises:
            NotFound: the blob is missing or damaged.
            Unavailable: the storage does not answer.
        """
        if kept.blob is None:
            return kept.data
        if self._blobs is None:
            raise NotFound(f"The stored bytes {kept.blob} are in a storage that this service does not use.")
        content = self._blobs.read(kept.blob)
        return content[:-OWNER_BYTES] if owner else content

    def drop(self, blob: str | None) -> None:
        """Delete a blob that no row names any more; while the storage is away that is left to the sweep."""
        if blob is not None and self._blobs is not None:
            with suppress(Unavailable):
                self._blobs.delete(blob)
