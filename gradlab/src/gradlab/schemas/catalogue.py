"""Response of the catalogue: everything that a spec, or a query for series, may name."""

from typing import Any, Literal

from pydantic import Field

from gradlab.measurement.statistics import Scale
from gradlab.schemas.response_model import ResponseModel


class ParameterResponse(ResponseModel):
    """One field of a kind."""

    name: str
    type: str
    required: bool
    default: Any
    bounds: str
    description: str


class KindResponse(ResponseModel):
    """One thing that can be asked for by name."""

    kind: str
    description: str
    parameters: list[ParameterResponse]


class MetricResponse(ResponseModel):
    """One metric."""

    kind: str
    formula: str
    range: str
    meaning: str


class StatisticKindResponse(ResponseModel):
    """One number about one tensor."""

    name: str
    formula: str
    range: str
    scale: Scale
    may_be_missing: bool
    unit: str
    meaning: str


class SeriesKindResponse(ResponseModel):
    """One kind of series."""

    name: str
    title: str
    path: str = Field(description="of its endpoint, below the experiment's")
    query: dict[str, str] = Field(description="the queries that choose it at its endpoint")
    record: str = Field(description="the field of a spec's `record` that says how often it is recorded")
    shown_as: Literal["statistic", "vector", "plane"]
    statistic: str | None = Field(description="answered and drawn by default; null where there is none")
    since_epoch: int = Field(description="the first epoch that is answered and drawn by default")
    has_parameters: bool = Field(description="whether a layer has several tensors of it: kernel, bias ...")


class RuleResponse(ResponseModel):
    """One question that a diagnosis asks."""

    name: str
    title: str
    kind: str
    severity: str
    formula: str
    thresholds: dict[str, float]
    source: str
    explanation: str
    remedies: list[str]
    causes: list[str]


class RemedyResponse(ResponseModel):
    """One change that may help."""

    name: str
    title: str
    treats: list[str]
    changes: str
    source: str


class CatalogueResponse(ResponseModel):
    """Everything that a spec, or a query for series, may name."""

    datasets: list[KindResponse]
    layers: list[KindResponse]
    activations: list[KindResponse]
    initializers: list[KindResponse]
    optimizers: list[KindResponse]
    schedules: list[KindResponse]
    losses: list[KindResponse]
    regularizers: list[KindResponse]
    constraints: list[KindResponse]
    pretraining: list[KindResponse]
    metrics: list[MetricResponse]
    bundles: dict[str, dict[str, int | None]]
    kinds: list[SeriesKindResponse]
    statistics: dict[str, list[StatisticKindResponse]]
    rules: list[RuleResponse]
    remedies: list[RemedyResponse]
