"""Responses of uploaded datasets."""

import math
from http import HTTPStatus

from core.samples.points import Points
from core.samples.record import DatasetPage, DatasetRecord
from gradlab.errors import summary
from gradlab.schemas.datasets import DatasetResponse, DatasetsResponse, DatasetSummaryResponse, PointsResponse
from gradlab.schemas.problem import FieldProblem, ProblemDocument


def dataset_response(record: DatasetRecord) -> DatasetResponse:
    """Build the response of a dataset."""
    contents = record.contents
    return DatasetResponse(
        **_summary(record).model_dump(),
        columns=contents.columns if contents else (),
        uncategorised=dict(contents.uncategorised) if contents else {},
        problem=_problem(record),
    )


def datasets_response(page: DatasetPage, next: str | None) -> DatasetsResponse:
    """Build the response of a page of datasets."""
    return DatasetsResponse(datasets=[_summary(each) for each in page.datasets], next=next)


def points_response(points: Points) -> PointsResponse:
    """Build the response with points. Numbers that are not finite are null."""
    return PointsResponse(
        features=list(points.names),
        points=[[_finite(x), _finite(y)] for x, y in points.values.tolist()],
        target=points.target,
        answers=None if points.answers is None else [_finite(each) for each in points.answers.tolist()],
        categories=None if points.categories is None else list(points.categories),
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _summary(record: DatasetRecord) -> DatasetSummaryResponse:
    contents = record.contents
    return DatasetSummaryResponse(
        id=record.id,
        name=record.name,
        format=record.format,
        bytes=record.bytes,
        status=record.status,
        rows=contents.rows if contents else None,
        validation_rows=contents.validation_rows if contents else None,
        column_count=len(contents.columns) + len(contents.uncategorised) if contents else None,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


def _problem(record: DatasetRecord) -> ProblemDocument | None:
    """Build the document that a synchronous refusal would have been."""
    if not record.problems:
        return None
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return ProblemDocument(
        title=status.phrase,
        status=status,
        detail=summary(record.problems),
        instance=f"/datasets/{record.id}",
        errors=[FieldProblem(**vars(each)) for each in record.problems],
    )
