"""Records of uploaded datasets, as the store returns them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from core.samples.summary import TableSummary
from gradlab.errors import Problem
from gradlab.profile import Profile
from gradlab.schemas.datasets import ColumnResponse, FileFormat
from gradlab.schemas.status import DatasetStatus

COLUMNS = TypeAdapter(tuple[ColumnResponse, ...])


@dataclass(frozen=True)
class Contents:
    """The contents of a ready dataset, without its values.

    Attributes:
        rows: samples, without those of the validation part.
        validation_rows: samples of the validation part; None if there is none.
        columns: of the table, in the file's order.
        uncategorised: columns of texts that are not stored -> number of their different texts.
    """

    rows: int
    validation_rows: int | None
    columns: tuple[ColumnResponse, ...]
    uncategorised: Mapping[str, int]

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Contents":
        """Return contents from JSON's values."""
        columns = COLUMNS.validate_python(fields["columns"])
        return cls(fields["rows"], fields["validation_rows"], columns, fields["uncategorised"])

    def to_json(self) -> str:
        """Return contents as JSON."""
        columns = [each.model_dump(mode="json") for each in self.columns]
        return json.dumps(vars(self) | {"columns": columns, "uncategorised": dict(self.uncategorised)})


@dataclass(frozen=True)
class DatasetRecord:
    """An uploaded dataset.

    Attributes:
        id: `sha256:` and the hash of the user's bytes.
        name: its first upload's.
        format: of the user's file.
        bytes: size of the user's file.
        status: whether it is checked, ready or refused.
        created_at: time of its first upload.
        updated_at: time of its status.
        stored_contents: JSON of its contents, once it is ready.
        problems: why it was refused; () otherwise.
        blob: hash of its stored table, which `core.samples.read_table` reads, once it is ready.
    """

    id: str
    name: str
    format: FileFormat
    bytes: int
    status: DatasetStatus
    created_at: datetime
    updated_at: datetime
    stored_contents: str | None
    problems: tuple[Problem, ...]
    blob: str | None

    @cached_property
    def contents(self) -> Contents | None:
        """Its rows and columns, once it is ready. Parsed when it is first asked for: wide tables take milliseconds."""
        return None if self.stored_contents is None else Contents.of(json.loads(self.stored_contents))


@dataclass(frozen=True)
class DatasetClaim:
    """The right to check a dataset, until its lease expires and another checker claims it.

    Attributes:
        dataset: what is to be checked.
        upload: number of the dataset's row, which a dataset that is deleted and uploaded again has not.
        number: of the claim, among those on the row.
    """

    dataset: DatasetRecord
    upload: int
    number: int

    @property
    def owner(self) -> str:
        """A text that no other claim of this database has."""
        return f"{self.dataset.id} {self.upload}.{self.number}"


@dataclass(frozen=True)
class DatasetPage:
    """A page of datasets, newest first; `next` is the place after it, None on the last."""

    datasets: tuple[DatasetRecord, ...]
    next: int | None


@dataclass(frozen=True)
class Checked:
    """The outcome of a dataset's check.

    Attributes:
        contents: what it holds.
        summary: what a spec needs to know of its columns.
        profile: what it looks like.
        blob: hash of its stored table.
    """

    contents: Contents
    summary: TableSummary
    profile: Profile
    blob: str
