"""The collection of blobs that no row names: replaced or deleted ones, and those whose writer died before its row."""

import time
from collections.abc import Callable
from datetime import timedelta
from itertools import islice

import structlog

from core.blobs import BlobStore
from core.store import ExperimentStore, utc_now

log = structlog.get_logger()

# A blob without a row is left alone for so long: its writer stores the row next, or waits for the database meanwhile.
MIN_AGE = timedelta(hours=1)
# Time before a process's first collection, and between two. Each lists the whole storage.
FIRST, EVERY = timedelta(minutes=1), timedelta(minutes=30)
# Blobs that one query asks about.
BATCH = 500
NOT_COLLECTED = (
    "nothing is collected from it: give each database a storage or a prefix of its own; if no other uses this one, "
    "write this database's id into the object `database` of the storage"
)


def claim_storage(*, store: ExperimentStore, blobs: BlobStore) -> bool:
    """Return True if the storage belongs to this database. One that says of none becomes its, unless others use it.

    They may if it holds a blob that no row of this database names.
    """
    database, owner = store.identity(), blobs.owner()
    if owner is None and _names_all(store, blobs):
        blobs.belong_to(database)
        return True
    if owner != database:
        log.warning("storage_of_another_database", database=database, owner=owner, reason=NOT_COLLECTED)
    return owner == database


def _names_all(store: ExperimentStore, blobs: BlobStore) -> bool:
    hashes = (blob.hash for blob in blobs.all())
    while batch := list(islice(hashes, BATCH)):
        if set(batch) - store.named_blobs(batch):
            return False
    return True


def collect(*, store: ExperimentStore, blobs: BlobStore) -> int:
    """Delete blobs older than `MIN_AGE` that no row names. Return their number.

    Nothing is deleted from a storage that belongs to another database: its rows name what this one's do not.
    """
    if not claim_storage(store=store, blobs=blobs):
        return 0
    before, deleted = utc_now() - MIN_AGE, 0
    old = iter(blobs.sweep(before))
    while batch := [blob.hash for blob in islice(old, BATCH)]:
        for digest in set(batch) - store.named_blobs(batch):
            modified = blobs.modified(digest)
            if modified is not None and modified < before:  # else it was written again since it was listed
                blobs.delete(digest)
                deleted += 1
    return deleted


def forget_copies(*, store: ExperimentStore, blobs: BlobStore) -> None:
    """Delete this machine's copies of blobs that no row names any more: what a user deletes is nowhere left."""
    copies = blobs.copies()
    for digest in set(copies) - store.named_blobs(copies):
        blobs.forget(digest)


class Collector:
    """Collects every `EVERY`, and deletes this machine's copies of what no row names.

    Args:
        store: whose rows name blobs.
        blobs: what is collected from.
        clock: returns seconds.
    """

    def __init__(self, store: ExperimentStore, blobs: BlobStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._blobs, self._clock = store, blobs, clock
        self._due, self._is_begun = clock() + FIRST.total_seconds(), False

    def collect_if_due(self) -> None:
        """Collect, unless the last time was lately. The first time, claim the storage. Raises Unavailable."""
        if not self._is_begun:
            claim_storage(store=self._store, blobs=self._blobs)  # while it is empty: later others may use it, too
            self._is_begun = True
        if self._clock() < self._due:
            return
        self._due = self._clock() + EVERY.total_seconds()
        forget_copies(store=self._store, blobs=self._blobs)
        if deleted := collect(store=self._store, blobs=self._blobs):
            log.info("blobs_collected", deleted=deleted)
