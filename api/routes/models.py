"""Endpoint of networks that users bring: the text of a Keras configuration becomes parts of a spec."""

import json
from typing import Annotated, Any

from fastapi import Body

from api.http.bodies import MAX_FIELDS, BodyRoute, Limits
from api.http.dependencies import SettingsDep, Store
from api.http.errors import documented
from api.http.router import api_router
from core.use_cases.drafts import draft_spec
from gradlab.schemas.drafts import DraftRequest, DraftResponse
from gradlab.schemas.translation import TranslationResponse
from gradlab.translate.from_keras import translate_parsed


class ConfigurationRoute(BodyRoute):
    """Route whose body is a configuration: of a layer it has 60 values, so 200,000 are those of 3,000 layers."""

    limits = Limits(values=200_000, lists=200_000)


router = api_router("models", "/models", route_class=ConfigurationRoute)

EXAMPLE = {
    "class_name": "Sequential",
    "config": {
        "name": "network",
        "layers": [
            {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 2]}},
            {"class_name": "Dense", "config": {"name": "hidden", "units": 5, "activation": "tanh"}},
            {"class_name": "Dense", "config": {"name": "out", "units": 1, "activation": "sigmoid"}},
        ],
    },
    "compile_config": {
        "loss": "binary_crossentropy",
        "optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.01, "momentum": 0.9}},
    },
}
Configuration = Annotated[
    dict[str, Any],
    Body(max_length=MAX_FIELDS, openapi_examples={"network": {"summary": "two dense layers", "value": EXAMPLE}}),
]

DRAFT_EXAMPLE = {"configuration": json.dumps(EXAMPLE), "dataset": f"sha256:{'0' * 64}", "target": "label"}
DraftBody = Annotated[
    DraftRequest, Body(openapi_examples={"two files": {"summary": "a model and samples", "value": DRAFT_EXAMPLE}})
]


@router.post("/translate", responses=documented(401, 413, 415, 422), summary="Translate a Keras model")
def translate(configuration: Configuration) -> TranslationResponse:
    """Translate the configuration of a Keras model to parts of a spec.

    The body is the JSON of `model.to_json()`, or of config.json in a `.keras` file; of Keras 2 or 3. It is read as
    text: no class is looked up, and no code is loaded. The answer 422 lists each layer and argument that has no
    counterpart, and what to write instead. Weights are not part of a configuration.
    """
    translation = translate_parsed(configuration)
    return TranslationResponse.model_validate(translation, from_attributes=True)


@router.post("/draft", responses=documented(401, 404, 409, 413, 415, 422, 503), summary="Draft a spec")
def draft(request: DraftBody, store: Store, settings: SettingsDep) -> DraftResponse:
    """Put a Keras model and an uploaded dataset together as a spec. Nothing is stored or trained.

    What nobody said is assumed: the target and the task from the profile of the samples, loss and optimiser from the
    model's compile configuration or the task, epochs from the estimated cost. Each assumption is a sentence.
    """
    drafted = draft_spec(request, store=store, settings=settings)
    return DraftResponse(
        spec=drafted.spec,
        assumptions=list(drafted.assumptions),
        notes=list(drafted.translation.notes),
        dropped=list(drafted.translation.dropped),
        seconds=drafted.seconds,
    )
