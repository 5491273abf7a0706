"""The description of the API that /docs shows, with what FastAPI cannot know put right."""

import json
from typing import Any

from fastapi import FastAPI

from api.http.errors import documented
from gradlab.schemas.media_types import PROBLEM_JSON

DESCRIPTION = """
POST an experiment: a dataset, a network, an optimiser, some seeds. A worker trains it and records, for every layer and
every epoch, how large the gradients are, how the weights move, how the activations behave and how large a signal comes
back. GET the series as JSON, CSV or NPZ.

Errors are problem documents (RFC 9457) that name the field, what was expected and what was received. Reads carry ETags:
send one back as `If-None-Match`, and an answer that has not changed is a 304. NaN and infinities are `null` in JSON,
with `first_nonfinite` beside them, and as they are in CSV and NPZ.
"""

ETAG = {"description": "of this answer, for `If-None-Match`", "schema": {"type": "string"}}


def describe(app: FastAPI) -> None:
    """Document errors as problem documents only, not in the form of the answer as well; add refusals of names and
    origins to every operation.
    """
    made = app.openapi

    def openapi() -> dict[str, Any]:
        description = made()
        for path in description["paths"].values():
            for method, operation in path.items():
                responses = operation["responses"] = operation["responses"] | _refusals(method)
                for answer in responses.values():
                    if PROBLEM_JSON in answer.get("content", {}):
                        answer["content"] = {PROBLEM_JSON: answer["content"][PROBLEM_JSON]}
                    # Neither text nor JSON: readers of the description take a schema for that of an event.
                    answer.get("content", {}).get("text/event-stream", {}).pop("schema", None)
                if "304" in responses:
                    for status in ("200", "304"):
                        responses[status]["headers"] = {"ETag": ETAG}
        for schema in description["components"]["schemas"].values():
            for field in schema.get("properties", {}).values():
                _tell_default(field)
        return description

    app.openapi = openapi  # type: ignore[method-assign]


def _refusals(method: str) -> dict[str, Any]:
    """What the check of names and origins may answer."""
    statuses = [421] if method == "get" else [403, 421]
    answers = {str(status): dict(answer) for status, answer in documented(*statuses).items()}
    return {status: {key: answer[key] for key in ("description", "content")} for status, answer in answers.items()}


def _tell_default(field: dict[str, Any]) -> None:
    """Move a default that is an object into the description: generators of clients drop the whole schema for it."""
    if isinstance(field.get("default"), dict):
        default = json.dumps(field.pop("default"))
        field["description"] = f"{field.get('description', '')} By default `{default}`.".strip()
