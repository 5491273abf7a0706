"""Responses of uploaded weights."""

from core.weights import WeightsPage, WeightsRecord
from gradlab.schemas.weights import WeightsListResponse, WeightsResponse, WeightTensorResponse


def weights_response(record: WeightsRecord) -> WeightsResponse:
    """Build the response of uploaded weights."""
    tensors = tuple(WeightTensorResponse(name=name, shape=shape) for name, shape in record.shapes.items())
    return WeightsResponse(**record.summary.model_dump(), tensors=tensors)


def weights_list_response(page: WeightsPage, next: str | None) -> WeightsListResponse:
    """Build the response of a page of uploaded weights."""
    return WeightsListResponse(weights=[*page.weights], next=next)
