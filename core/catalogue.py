"""Build the catalogue from the registries: docstrings, fields, defaults and bounds of all that a spec may name."""

import inspect
from functools import cache
from typing import Any

from gradlab.diagnosis.rules import RULES
from gradlab.frozen import Frozen, kind_of
from gradlab.recipes import RECIPES, Recipe
from gradlab.remedies import REMEDIES
from gradlab.responses.catalogue import fields_of, series_kinds, statistics
from gradlab.schemas.catalogue import (
    CatalogueResponse,
    KindResponse,
    MetricResponse,
    ParameterResponse,
    RecipeResponse,
    RemedyResponse,
    RuleResponse,
)
from gradlab.spec.recording import BUNDLES, RecordSpec
from gradlab.spec.training import PRETRAININGS
from gradlab.vocabulary.activations import ACTIVATIONS
from gradlab.vocabulary.constraints import CONSTRAINTS
from gradlab.vocabulary.datasets.registry import KINDS
from gradlab.vocabulary.initializers import INITIALIZERS
from gradlab.vocabulary.layers import LAYERS
from gradlab.vocabulary.losses import LOSSES
from gradlab.vocabulary.metric import Metric
from gradlab.vocabulary.metrics import METRICS
from gradlab.vocabulary.optimizers import OPTIMIZERS
from gradlab.vocabulary.preparations import PREPARATIONS
from gradlab.vocabulary.regularizers import REGULARIZERS
from gradlab.vocabulary.schedules import SCHEDULES
from gradlab.vocabulary.splits import SPLITS

REGISTRIES: dict[str, tuple[type[Frozen], ...]] = {
    "datasets": KINDS,
    "layers": LAYERS,
    "activations": ACTIVATIONS,
    "initializers": INITIALIZERS,
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
    "losses": LOSSES,
    "regularizers": REGULARIZERS,
    "constraints": CONSTRAINTS,
    "pretraining": PRETRAININGS,
    "splits": SPLITS,
    "preparations": PREPARATIONS,
}
BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
    "minLength": "length at least",
    "maxLength": "length at most",
}


@cache
def catalogue() -> CatalogueResponse:
    """Build the catalogue from the registries."""
    kinds = {name: [_kind(member) for member in members] for name, members in REGISTRIES.items()}
    bundles = {name: RecordSpec.model_validate(fields).model_dump() for name, fields in BUNDLES.items()}
    return CatalogueResponse(
        **kinds,
        metrics=list(map(_metric, METRICS)),
        bundles=bundles,
        kinds=series_kinds(),
        statistics=statistics(),
        rules=[RuleResponse(**fields_of(RuleResponse, rule)) for rule in RULES],
        remedies=[RemedyResponse(**fields_of(RemedyResponse, remedy)) for remedy in REMEDIES],
        recipes=list(map(_recipe, RECIPES)),
    )


def _metric(metric: type[Metric]) -> MetricResponse:
    meaning = inspect.cleandoc(metric.__doc__ or "")
    return MetricResponse(kind=metric.kind, formula=metric.formula, range=metric.range, meaning=meaning)


def _recipe(recipe: Recipe) -> RecipeResponse:
    studies = {activation: recipe.study(activation) for activation in recipe.activations}
    return RecipeResponse(
        name=recipe.name,
        title=recipe.title,
        question=recipe.question,
        chart=recipe.chart,
        seeds=recipe.seeds,
        cells=recipe.study().cell_count,
        studies=studies,
    )


def _kind(member: type[Frozen]) -> KindResponse:
    schema = member.model_json_schema()
    if "$ref" in schema:  # a recursive kind
        schema = schema["$defs"][member.__name__]
    required = schema.get("required", ())
    return KindResponse(
        kind=kind_of(member),
        description=inspect.cleandoc(member.__doc__ or ""),
        parameters=[
            ParameterResponse(
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
        named = (name for name, members in REGISTRIES.items() if {kind_of(each) for each in members} == set(kinds))
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
