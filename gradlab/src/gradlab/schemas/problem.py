"""Problem document (RFC 9457), the body of every error response."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from gradlab.errors import MAX_PROBLEMS


class FieldProblem(BaseModel):
    """Problem of one field: the expected and the received value."""

    field: str
    expected: str
    received: str


EXAMPLE: dict[str, Any] = {
    "type": "about:blank",
    "title": "Unprocessable Entity",
    "status": 422,
    "detail": "dataset: expected one of circles, moons (did you mean circles?); received 'circels'",
    "instance": "/experiments",
    "errors": [
        {"field": "dataset", "expected": "one of circles, moons (did you mean circles?)", "received": "'circels'"}
    ],
}


class ProblemDocument(BaseModel):
    """Problem document (RFC 9457, `application/problem+json`)."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldProblem] = []
    errors_omitted: int = Field(0, description=f"number of further problems; at most {MAX_PROBLEMS} are listed")
