"""Responses of uploaded weights."""

from datetime import datetime

from pydantic import Field

from gradlab.schemas.response_model import ResponseModel


class WeightTensorResponse(ResponseModel):
    """Tensor of uploaded weights."""

    name: str = Field(description="`LAYER/TENSOR`: `dense_1/kernel`")
    shape: tuple[int, ...]


class WeightsSummaryResponse(ResponseModel):
    """Uploaded weights in a list."""

    id: str = Field(description="`sha256:` and the SHA-256 of the file's bytes")
    name: str
    bytes: int = Field(description="size of the file")
    tensor_count: int
    parameters: int = Field(description="numbers in all tensors together")
    created_at: datetime


class WeightsResponse(WeightsSummaryResponse):
    """Uploaded weights."""

    tensors: tuple[WeightTensorResponse, ...] = Field(description="in the file's order")


class WeightsListResponse(ResponseModel):
    """Page of uploaded weights, newest first."""

    weights: list[WeightsSummaryResponse]
    next: str | None = Field(description="address of the next page; null on the last")
