"""Responses of uploaded datasets."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from gradlab.schemas.media_types import CSV, NPZ, PARQUET
from gradlab.schemas.problem import ProblemDocument
from gradlab.schemas.response_model import ResponseModel
from gradlab.schemas.status import DatasetStatus

# What an id begins with: the name of the hash of the file's bytes.
ID_PREFIX = "sha256:"


class FileFormat(StrEnum):
    """Format of an uploaded file."""

    csv = "csv"
    parquet = "parquet"
    npz = "npz"

    @property
    def media_type(self) -> str:
        """The `Content-Type` that names it."""
        return {FileFormat.csv: CSV, FileFormat.parquet: PARQUET, FileFormat.npz: NPZ}[self]


class ColumnResponse(ResponseModel):
    """Column of a dataset, or array of an NPZ file, as it is stored."""

    name: str
    dtype: str = Field(description="bool, uint8, int32, int64, float32 or float64; int32 indices of categories")
    shape: tuple[int, ...] = Field(description="shape of one row's values; [] in a table")
    categories: tuple[str, ...] | None = Field(
        description="the different texts, sorted; null for numbers, and for more texts than are listed"
    )
    integers: tuple[int, ...] | None = Field(
        description="the different integers or truth values, sorted; null for others, for more than a thousand, and "
        "where the columns have more of them than are listed"
    )
    category_count: int | None = Field(description="number of categories; null for numbers")


class DatasetSummaryResponse(ResponseModel):
    """Uploaded dataset in a list."""

    id: str = Field(description="`sha256:` and the SHA-256 of the file's bytes")
    name: str
    format: FileFormat
    bytes: int = Field(description="size of the file")
    status: DatasetStatus = Field(
        description="checking: it is read and profiled; ready: specs may name it; refused: `problem` says why"
    )
    rows: int | None = Field(description="samples, without those of the validation part; null until it is ready")
    validation_rows: int | None = Field(description="samples of the validation part of an NPZ file, if it has one")
    column_count: int | None
    created_at: datetime
    updated_at: datetime


class DatasetResponse(DatasetSummaryResponse):
    """Uploaded dataset."""

    columns: tuple[ColumnResponse, ...] = Field(description="in the file's order; empty until it is ready")
    uncategorised: dict[str, int] = Field(
        description="columns of texts that are not kept, with their number of different texts: more than 10,000, or "
        "texts longer than a name"
    )
    problem: ProblemDocument | None = Field(description="why the file was refused")


class DatasetsResponse(ResponseModel):
    """Page of uploaded datasets, newest first."""

    datasets: list[DatasetSummaryResponse]
    next: str | None = Field(description="address of the next page; null on the last")


class PointsResponse(ResponseModel):
    """Rows of a dataset in the plane of its two features."""

    features: list[str] = Field(description="names of the two features")
    points: list[list[float | None]] = Field(description="two numbers for each of at most 1,000 rows, evenly spaced")
    target: str | None = Field(description="name of the proposed target; null if there is none")
    answers: list[float | None] | None = Field(description="target of each row; indices of `categories`")
    categories: list[str] | None = Field(description="names of the target's classes, where they are texts")
