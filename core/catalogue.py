"""What can be asked for, told by the shelves themselves: their docstrings, fields, defaults and bounds."""

import inspect
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, Field

from gradlab.diagnosis import RULES
from gradlab.frozen import Frozen, kind_of
from gradlab.measurement.kinds import KINDS, STATISTICS, SeriesKind
from gradlab.measurement.statistics import Scale
from gradlab.remedies import REMEDIES
from gradlab.spec.recording import BUNDLES, RecordSpec
from gradlab.spec.training import PRETRAININGS
from gradlab.vocabulary.activations import ACTIVATIONS
from gradlab.vocabulary.constraints import CONSTRAINTS
from gradlab.vocabulary.datasets import DATASETS
from gradlab.vocabulary.initializers import INITIALIZERS
from gradlab.vocabulary.layers import LAYERS
from gradlab.vocabulary.losses import LOSSES
from gradlab.vocabulary.metrics import METRICS
from gradlab.vocabulary.optimizers import OPTIMIZERS
from gradlab.vocabulary.regularizers import REGULARIZERS
from gradlab.vocabulary.schedules import SCHEDULES

REGISTRIES: dict[str, tuple[type[Frozen], ...]] = {
    "datasets": DATASETS,
    "layers": LAYERS,
    "activations": ACTIVATIONS,
    "initializers": INITIALIZERS,
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
    "losses": LOSSES,
    "regularizers": REGULARIZERS,
    "constraints": CONSTRAINTS,
    "pretraining": PRETRAININGS,
}
BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
    "minLength": "length at least",
    "maxLength": "length at most",
}


class Parameter(BaseModel):
    """One field of a kind."""

    name: str
    type: str
    required: bool
    default: Any
    bounds: str
    description: str


class Kind(BaseModel):
    """One thing that can be asked for by name."""

    kind: str
    description: str
    parameters: list[Parameter]


class MetricKind(BaseModel):
    """One metric."""

    kind: str
    formula: str
    range: str
    meaning: str


class StatisticKind(BaseModel):
    """One number about one tensor."""

    name: str
    formula: str
    range: str
    scale: Scale
    may_be_missing: bool
    unit: str
    meaning: str


class RecordedKind(BaseModel):
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


class RuleKind(BaseModel):
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


class RemedyKind(BaseModel):
    """One change that may help."""

    name: str
    title: str
    treats: list[str]
    changes: str
    source: str


class Catalogue(BaseModel):
    """Everything that a spec, or a query for series, may name."""

    datasets: list[Kind]
    layers: list[Kind]
    activations: list[Kind]
    initializers: list[Kind]
    optimizers: list[Kind]
    schedules: list[Kind]
    losses: list[Kind]
    regularizers: list[Kind]
    constraints: list[Kind]
    pretraining: list[Kind]
    metrics: list[MetricKind]
    bundles: dict[str, dict[str, int | None]]
    kinds: list[RecordedKind]
    statistics: dict[str, list[StatisticKind]]
    rules: list[RuleKind]
    remedies: list[RemedyKind]


@cache
def catalogue() -> Catalogue:
    """Read the shelves."""
    statistics = {
        kind: [StatisticKind(**{name: getattr(each, name) for name in StatisticKind.model_fields}) for each in shelf]
        for kind, shelf in STATISTICS.items()
    }
    shelves = {shelf: [_kind(member) for member in members] for shelf, members in REGISTRIES.items()}
    metrics = [
        MetricKind(kind=each.kind, formula=each.formula, range=each.range, meaning=inspect.cleandoc(each.__doc__ or ""))
        for each in METRICS
    ]
    bundles = {name: RecordSpec.model_validate(fields).model_dump() for name, fields in BUNDLES.items()}
    rules = [RuleKind(**{name: getattr(each, name) for name in RuleKind.model_fields}) for each in RULES]
    remedies = [RemedyKind(**{name: getattr(each, name) for name in RemedyKind.model_fields}) for each in REMEDIES]
    return Catalogue(
        **shelves,
        metrics=metrics,
        bundles=bundles,
        kinds=list(map(_recorded, KINDS)),
        statistics=statistics,
        rules=rules,
        remedies=remedies,
    )


def _recorded(kind: SeriesKind) -> RecordedKind:
    return RecordedKind(
        name=kind.name,
        title=kind.title,
        path=kind.path,
        query=dict(kind.query),
        record=kind.record.name,
        shown_as=kind.shown_as,
        statistic=kind.default,
        since_epoch=kind.since_epoch,
        has_parameters=kind.has_parameters,
    )


def _kind(member: type[Frozen]) -> Kind:
    schema = member.model_json_schema()
    if "$ref" in schema:  # a kind that may hold its like
        schema = schema["$defs"][member.__name__]
    required = schema.get("required", ())
    return Kind(
        kind=kind_of(member),
        description=inspect.cleandoc(member.__doc__ or ""),
        parameters=[
            Parameter(
                name=name,
                type=_type(field),
                required=name in required,
                default=field.get("default"),
                bounds=", ".join(_bounds(field)),
                description=" ".join(field.get("description", "").split()),
            )
            for name, field in schema["properties"].items()
            if name != "kind"
        ],
    )


def _type(field: dict[str, Any]) -> str:
    if "discriminator" in field:
        kinds = field["discriminator"]["mapping"]
        named = (shelf for shelf, members in REGISTRIES.items() if {kind_of(each) for each in members} == set(kinds))
        return next(named, " or ".join(kinds))
    if "anyOf" in field:
        return " or ".join(_type(each) for each in field["anyOf"])
    if "enum" in field or "const" in field:
        return " or ".join(f'"{value}"' for value in field.get("enum", [field.get("const")]))
    if "prefixItems" in field:
        return f"[{', '.join(_type(each) for each in field['prefixItems'])}]"
    return str(field.get("type", "object"))


def _bounds(field: dict[str, Any]) -> list[str]:
    own = [f"{word} {field[bound]}" for bound, word in BOUNDS.items() if bound in field]
    return own + [each for option in field.get("anyOf", ()) for each in _bounds(option)]
