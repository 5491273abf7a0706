"""Transactions of uploaded datasets: which specs name them, and what their rows hold."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Column, Connection, Row, select

from core.samples.record import DatasetRecord
from core.store.database import is_reading, one_row
from core.store.dataset_tables import datasets
from gradlab.errors import Conflict, Invalid, Problem
from gradlab.schemas.datasets import FileFormat
from gradlab.schemas.status import DatasetStatus
from gradlab.spec import AnySpec, ExperimentSpec
from gradlab.vocabulary.datasets.uploaded import UploadedDataset

# What a record is made of. A summary or a profile may have megabytes, and is read where it is asked for.
RECORDED = tuple(column for column in datasets.c if column.name not in ("summary", "profile"))


def ids_in(spec: AnySpec) -> dict[str, str]:
    """Return the uploaded datasets that a spec names, by the field that names them."""
    if not isinstance(spec, ExperimentSpec) or not isinstance(spec.dataset, UploadedDataset):
        return {}
    fields = {"dataset.id": spec.dataset.id, "dataset.validation": spec.dataset.validation}
    return {field: named for field, named in fields.items() if named is not None}


def uses(connection: Connection, spec: AnySpec) -> set[int]:
    """Return the numbers of the datasets that a spec names, locked against deletion in a writing transaction.

    Raises:
        Invalid: there is no such dataset, or it was refused.
        Conflict: it is not ready yet.
    """
    return {find_ready(connection, named, field).number for field, named in ids_in(spec).items()}


def find_ready(connection: Connection, id: str, field: str, *beside: Column[Any]) -> Row[Any]:
    """Return the row of a dataset that specs may name; `field` is the one that names it.

    Raises:
        Invalid: there is no such dataset, or it was refused.
        Conflict: it is not ready yet.
    """
    query = select(*RECORDED, *beside).where(datasets.c.id == id)
    if not is_reading(connection):
        query = query.with_for_update(read=True, key_share=True)  # nobody deletes it before the use is stored
    row = connection.execute(query).one_or_none()
    if row is None:
        expected = "the id of an uploaded dataset that is not deleted: POST /datasets returns it"
        raise Invalid(Problem(field, expected, repr(id)))
    if row.status == DatasetStatus.checking:
        raise Conflict(f"The dataset {id} is being checked: submit the experiment once its status is ready.")
    if row.status == DatasetStatus.refused:
        raise Invalid(Problem(field, "a dataset that is ready", "one that was refused; GET /datasets/{id} says why"))
    return row


def find(connection: Connection, id: str, *beside: Column[Any]) -> Row[Any]:
    """Return what a dataset's record is made of, and the columns `beside`. Raises NotFound.

    The row is locked until the end of a writing transaction.
    """
    query = select(*RECORDED, *beside).where(datasets.c.id == id)
    return one_row(connection, query, f"There is no dataset {id}.")


def record(row: Row[Any]) -> DatasetRecord:
    """Return the record of a dataset's row."""
    return DatasetRecord(
        id=row.id,
        name=row.name,
        format=FileFormat(row.format),
        bytes=row.bytes,
        status=DatasetStatus(row.status),
        created_at=row.created_at,
        updated_at=row.updated_at,
        stored_contents=row.contents,
        problems=tuple(Problem(**each) for each in json.loads(row.problems or "[]")),
        blob=row.blob,
    )


def write_problems(problems: Iterable[Problem]) -> str:
    """Write problems as JSON."""
    return json.dumps([asdict(each) for each in problems])
