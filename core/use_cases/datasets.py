"""The use-cases of uploaded datasets: receive, check, delete, and collect what no row names."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import structlog

from core.blobs import BlobStore
from core.samples import read_table
from core.samples.parser import Parser
from core.samples.points import Points, points_of
from core.samples.record import Checked, Contents, DatasetRecord
from core.samples.summary import TableSummary
from core.store import ExperimentStore
from core.store.dataset_rows import COLUMNS
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

    The same bytes are one dataset: if they are there, or being checked, nothing is stored.

    Args:
        file: the user's bytes, at any position.
        digest: their SHA-256, as 64 hexadecimal digits.
        name: of a new dataset.
        format: of the file.
        size: of the file, in bytes.
    """
    named = ID_PREFIX + digest
    present = store.datasets.find(named)
    if present and present.status is not DatasetStatus.refused:
        return present, False
    blobs.put(file, digest)
    return store.datasets.add(named, name, format, size)


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
    record = store.datasets.claim(id, lease=LEASE)
    if record is None:
        return
    source = id.removeprefix(ID_PREFIX)
    try:
        with _renewed(id, store), TemporaryDirectory(prefix=SCRATCH, dir=folder) as scratch:
            checked = _checked(blobs.fetch(source), record, Path(scratch) / "table", blobs, parser)
    except Invalid as error:
        store.datasets.refuse(id, error.problems)
        log.info("dataset_refused", dataset=id, problems=list(map(str, error.problems)))
    except NotFound as error:
        store.datasets.refuse(id, [Problem("(the whole file)", "the file, as it was uploaded", str(error))])
    except Exception:
        store.datasets.release(id)
        raise
    else:
        store.datasets.accept(id, checked)
        log.info("dataset_ready", dataset=id, rows=checked.contents.rows)
    blobs.delete(source)  # the user's own file: nothing reads it any more


@contextmanager
def _renewed(id: str, store: ExperimentStore) -> Iterator[None]:
    """Renew the claim on a check until the block ends."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(LEASE.total_seconds() / 3):
            with suppress(Unavailable):
                store.datasets.renew(id, lease=LEASE)

    thread = threading.Thread(target=renew, daemon=True, name="renew-check")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _checked(source: Path, record: DatasetRecord, table: Path, blobs: BlobStore, parser: Parser) -> Checked:
    parsed = parser.parse(source, record.format, table)
    columns = COLUMNS.validate_python(parsed.table["columns"])
    fields = {name: parsed.table[name] for name in ("rows", "validation_rows", "uncategorised")}
    contents = Contents(columns=columns, **fields)
    summary = TableSummary.model_validate(parsed.summary)
    return Checked(contents, summary, Profile.model_validate(parsed.profile, strict=False), blobs.put(table))


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
    """Delete a dataset with its bytes.

    Raises:
        NotFound: there is no such dataset.
        Conflict: specs name it.
    """
    if blob := store.datasets.delete(id):
        blobs.delete(blob)
    blobs.delete(id.removeprefix(ID_PREFIX))
