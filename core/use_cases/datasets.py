"""The use-cases of uploaded datasets: receive, check, show and delete."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import structlog

from core.blobs import BlobStore
from core.samples import read_table
from core.samples.limits import THE_FILE
from core.samples.parser import Parser
from core.samples.points import Points, points_of
from core.samples.record import Checked, Contents, DatasetClaim, DatasetRecord
from core.samples.summary import TableSummary
from core.store import ExperimentStore
from gradlab.errors import Invalid, NotFound, Problem, Unavailable
from gradlab.profile import Profile
from gradlab.schemas.datasets import ID_PREFIX, FileFormat
from gradlab.schemas.status import DatasetStatus

log = structlog.get_logger()

# A checker that has not renewed its claim for this long counts as dead.
LEASE = timedelta(seconds=30)
# What the names of folders begin with in which tables are written before they are blobs.
SCRATCH = "table-"


def receive(
    file: BinaryIO,
    digest: str,
    *,
    name: str,
    format: FileFormat,
    size: int,
    store: ExperimentStore,
    blobs: BlobStore,
) -> tuple[DatasetRecord, bool]:
    """Store an uploaded file as a dataset that is to be checked. Return it, and True if a check is due.

    The same bytes are one dataset: if they are there, or being checked, nothing is stored. If the storage has lost
    what is needed of them, it is made again.

    Args:
        file: the user's bytes, at any position.
        digest: their SHA-256, as 64 hexadecimal digits.
        name: of a new dataset.
        format: of the file.
        size: of the file, in bytes.
    """
    named = ID_PREFIX + digest
    present = store.datasets.find(named)
    if present and present.status is not DatasetStatus.refused and blobs.exists(present.blob or digest):
        return present, False
    blobs.put(file, digest)
    return store.datasets.add(named, name, format, size, lost=present.blob if present else None)


def due(*, store: ExperimentStore, blobs: BlobStore, is_shared: bool) -> list[str]:
    """Return the datasets that wait for a check by this service, oldest first.

    Args:
        store: the store of their rows.
        blobs: the store of their bytes.
        is_shared: True if all services have one storage. Else those wait for another whose file is not here.
    """
    waiting = store.datasets.due()
    return [each for each in waiting if is_shared or blobs.exists(each.removeprefix(ID_PREFIX))]


def check(id: str, *, store: ExperimentStore, blobs: BlobStore, parser: Parser, folder: Path) -> None:
    """Read and profile a dataset's file in the child process: the dataset is ready, or refused. Nothing if not due.

    If this process dies, the dataset is due again once its lease has expired. Errors that are not the file's, such as a
    database that is away, give back the claim and are raised.

    Args:
        id: of the dataset.
        store: the store of its row.
        blobs: the store of its bytes.
        parser: reads the file.
        folder: has room for the table before it is a blob.
    """
    claim = store.datasets.claim(id, lease=LEASE)
    if claim is None:
        return
    try:
        with _renewed(claim, store), TemporaryDirectory(prefix=SCRATCH, dir=folder) as scratch:
            outcome = _outcome(claim, Path(scratch) / "table", blobs, parser)
        if isinstance(outcome, Checked):
            is_held = store.datasets.accept(claim, outcome)
        else:
            is_held = store.datasets.refuse(claim, outcome)
    except Exception:
        with suppress(Unavailable):  # then its lease expires
            store.datasets.release(claim)
        raise
    _end(claim, outcome, is_held, blobs)


def _outcome(claim: DatasetClaim, table: Path, blobs: BlobStore, parser: Parser) -> Checked | Sequence[Problem]:
    """Return what a dataset's file holds, or why it is refused."""
    try:
        return _checked(blobs.fetch(claim.dataset.id.removeprefix(ID_PREFIX)), claim, table, blobs, parser)
    except Invalid as error:
        return error.problems
    except NotFound as error:
        return [Problem(THE_FILE, "the file, as it was uploaded", str(error))]


def _end(claim: DatasetClaim, outcome: Checked | Sequence[Problem], is_held: bool, blobs: BlobStore) -> None:
    """Log a check's end, and delete what nothing reads any more.

    The file of a refused dataset is left to the sweep: it may have been uploaded again meanwhile.
    """
    named = claim.dataset.id
    if not is_held:
        log.info("dataset_check_lost", dataset=named, reason="it was deleted, or checked by another")
        if isinstance(outcome, Checked):
            _discard(outcome.blob, blobs)
    elif isinstance(outcome, Checked):
        log.info("dataset_ready", dataset=named, rows=outcome.contents.rows)
        _discard(named.removeprefix(ID_PREFIX), blobs)
    else:
        log.info("dataset_refused", dataset=named, problems=list(map(str, outcome)))


def _discard(digest: str, blobs: BlobStore) -> None:
    """Delete a blob that no row names. While the storage is away that is left to the sweep."""
    try:
        blobs.delete(digest)
    except Unavailable as away:
        log.warning("blob_left_to_the_sweep", blob=digest, reason=str(away))


@contextmanager
def _renewed(claim: DatasetClaim, store: ExperimentStore) -> Iterator[None]:
    """Renew the claim on a check until the block ends."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(LEASE.total_seconds() / 3):
            with suppress(Unavailable):
                store.datasets.renew(claim, lease=LEASE)

    thread = threading.Thread(target=renew, daemon=True, name="renew-check")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _checked(source: Path, claim: DatasetClaim, table: Path, blobs: BlobStore, parser: Parser) -> Checked:
    # The table is the claim's alone: no other dataset of equal rows, and no later check, loses it.
    parsed = parser.parse(source, claim.dataset.format, table, claim.owner)
    summary = TableSummary.model_validate(parsed.summary)
    described = Profile.model_validate(parsed.profile, strict=False)
    return Checked(Contents.of(parsed.table), summary, described, blobs.put(table))


def points(id: str, *, store: ExperimentStore, blobs: BlobStore) -> Points:
    """Return rows of a dataset of two features.

    Raises:
        NotFound: there is no such dataset, or it has other features.
        Conflict: it is not ready.
    """
    profile, record = store.datasets.profile(id), store.datasets.get(id)
    assert record.blob is not None, "a dataset with a profile has a table"
    return points_of(read_table(blobs.fetch(record.blob)), profile)


def delete(id: str, *, store: ExperimentStore, blobs: BlobStore) -> None:
    """Delete a dataset with its bytes. A file that has not been checked yet is left to the sweep: it may come again.

    Raises:
        NotFound: there is no such dataset.
        Conflict: specs name it.
    """
    if blob := store.datasets.delete(id):
        _discard(blob, blobs)
