"""OpenAPI description of the API, with corrections to the one that FastAPI generates."""

import json
from typing import Any

from fastapi import FastAPI

from api.http.errors import documented
from gradlab.schemas.media_types import PROBLEM_JSON

DESCRIPTION = """
POST an experiment: a dataset, a network, an optimiser and seeds. A worker trains it. For every layer and every epoch it
records statistics of gradients, weights, activations and back-propagated signals. GET these series as JSON, CSV or NPZ.

Errors are problem documents (RFC 9457) that name the field, the expected and the received value. Responses to GET carry
ETags: send one back as `If-None-Match`, and an unchanged response is a 304. In JSON, NaN and infinities are `null`, and
`first_nonfinite` names the first of them; CSV and NPZ contain them unchanged.
"""

ETAG = {"description": "ETag of this response, for `If-None-Match`", "schema": {"type": "string"}}


def describe(app: FastAPI) -> None:
    """Correct the generated description.

    Errors are problem documents only, without the media types of the success response. Every operation may refuse host
    names and origins. Responses with ETags document them. Defaults that are objects move into field descriptions.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        description = generate()
        for path in description["paths"].values():
            for method, operation in path.items():
                responses = operation["responses"] = operation["responses"] | _refusals(method)
                for response in responses.values():
                    if PROBLEM_JSON in response.get("content", {}):
                        response["content"] = {PROBLEM_JSON: response["content"][PROBLEM_JSON]}
                    # An event stream has no schema of its own: tools would take one for the schema of an event.
                    response.get("content", {}).get("text/event-stream", {}).pop("schema", None)
                if "304" in responses:
                    for status in ("200", "304"):
                        responses[status]["headers"] = {"ETag": ETAG}
        for schema in description["components"]["schemas"].values():
            for field in schema.get("properties", {}).values():
                _describe_default(field)
        return description

    app.openapi = openapi  # type: ignore[method-assign]


def _refusals(method: str) -> dict[str, Any]:
    """OpenAPI responses of the check of host names and origins."""
    statuses = [421] if method == "get" else [403, 421]
    responses = {str(status): dict(response) for status, response in documented(*statuses).items()}
    keys = "description", "content"
    return {status: {key: response[key] for key in keys} for status, response in responses.items()}


def _describe_default(field: dict[str, Any]) -> None:
    """Move a default that is an object into the description: client generators drop schemas with such defaults."""
    if isinstance(field.get("default"), dict):
        default = json.dumps(field.pop("default"))
        field["description"] = f"{field.get('description', '')} By default `{default}`.".strip()
