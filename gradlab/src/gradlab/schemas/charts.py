"""Responses about charts."""

from uuid import UUID

from pydantic import Field

from gradlab.schemas.response_model import ResponseModel


class ChartResponse(ResponseModel):
    """One chart of an experiment or a study."""

    name: str
    shows: str = Field(description="what the chart shows, in a sentence")
    takes: list[str] = Field(description="names of the query parameters that it takes")
    svg: str = Field(description="its address as SVG")
    png: str = Field(description="its address as PNG")


class ChartsResponse(ResponseModel):
    """The charts of an experiment."""

    experiment_id: UUID
    charts: list[ChartResponse]


class StudyChartsResponse(ResponseModel):
    """The charts of a study."""

    study_id: UUID
    charts: list[ChartResponse]
