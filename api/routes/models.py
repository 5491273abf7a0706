"""Endpoint of networks that users bring: the text of a Keras configuration becomes parts of a spec."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from api.http.bodies import BodyRoute, Limits
from api.http.errors import documented
from gradlab.schemas.translation import TranslationResponse
from gradlab.translate.from_keras import translate_parsed


class ConfigurationRoute(BodyRoute):
    """Route whose body is a configuration: of a layer it has 60 values, so 200,000 are those of 3,000 layers."""

    limits = Limits(values=200_000, lists=200_000)


router = APIRouter(prefix="/models", tags=["models"], route_class=ConfigurationRoute)

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
    dict[str, Any], Body(openapi_examples={"network": {"summary": "two dense layers", "value": EXAMPLE}})
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
