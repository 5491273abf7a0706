"""Responses of uploaded weights."""

import math

from core.weights import WeightsPage, WeightsRecord
from gradlab.schemas.weights import WeightsListResponse, WeightsResponse, WeightsSummaryResponse


def weights_response(record: WeightsRecord) -> WeightsResponse:
    """Build the response of uploaded weights."""
    return WeightsResponse(**_summary(record).model_dump(), tensors=record.tensors)


def weights_list_response(page: WeightsPage, next: str | None) -> WeightsListResponse:
    """Build the response of a page of uploaded weights."""
    return WeightsListResponse(weights=[*page.weights], next=next)


def _summary(record: WeightsRecord) -> WeightsSummaryResponse:
    return WeightsSummaryResponse(
        id=record.id,
        name=record.name,
        bytes=record.bytes,
        tensor_count=len(record.tensors),
        parameters=sum(math.prod(each.shape) for each in record.tensors),
        created_at=record.created_at,
    )
