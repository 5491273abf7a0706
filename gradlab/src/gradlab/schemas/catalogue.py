"""Response of the catalogue: everything that a spec, or a query for series, may name."""

from typing import Any, Literal

from pydantic import Field

from gradlab.measurement.statistics import Scale
from gradlab.schemas.response_model import ResponseModel
from gradlab.spec.study import StudySpec


class ParameterResponse(ResponseModel):
    """Parameter of a kind: a field of the spec."""

    name: str
    type: str
    required: bool
    default: Any
    bounds: str
    description: str


class KindResponse(ResponseModel):
    """Kind of dataset, layer, activation and so on: a value of `kind` in a spec."""

    kind: str
    description: str
    parameters: list[ParameterResponse]


class MetricResponse(ResponseModel):
    """Metric of a spec."""

    kind: str
    formula: str
    range: str
    meaning: str


class StatisticKindResponse(ResponseModel):
    """Statistic of a tensor."""

    name: str
    formula: str
    range: str
    scale: Scale
    may_be_missing: bool
    missing: str = Field(default="", description="when a tensor has no such number; empty if every tensor has one")
    unit: str
    meaning: str


class SeriesKindResponse(ResponseModel):
    """Kind of series."""

    name: str
    title: str
    path: str = Field(description="path of its endpoint below `/experiments/{experiment_id}/`")
    query: dict[str, str] = Field(description="query parameters that select it at its endpoint")
    record: str = Field(description="field of a spec's `record` with its recording interval")
    shown_as: Literal["statistic", "vector", "plane"]
    statistic: str | None = Field(description="the default statistic; null if the kind has none")
    since_epoch: int = Field(description="first epoch of responses and charts by default")
    has_parameters: bool = Field(description="true if a layer has several tensors of it: kernel, bias, ...")


class RuleResponse(ResponseModel):
    """Rule of the diagnosis."""

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
    """Remedy: a change of a spec that may help."""

    name: str
    title: str
    treats: list[str]
    changes: str
    source: str


class RecipeResponse(ResponseModel):
    """Recipe: a study that is ready to be begun."""

    name: str
    title: str
    question: str
    chart: str = Field(description="chart of the study that answers the question")
    seeds: int = Field(description="number of seeds in each cell")
    cells: int
    studies: dict[str, StudySpec] = Field(description="the study by the activation of its networks, the default first")


class CatalogueResponse(ResponseModel):
    """Catalogue of everything that a spec, or a query for series, may name."""

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
    splits: list[KindResponse]
    preparations: list[KindResponse]
    metrics: list[MetricResponse]
    bundles: dict[str, dict[str, int | None]]
    kinds: list[SeriesKindResponse]
    statistics: dict[str, list[StatisticKindResponse]]
    rules: list[RuleResponse]
    remedies: list[RemedyResponse]
    recipes: list[RecipeResponse]
