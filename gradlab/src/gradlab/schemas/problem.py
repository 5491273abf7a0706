"""The problem document with which every error is answered (RFC 9457)."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from gradlab.errors import MAX_PROBLEMS


class FieldProblem(BaseModel):
    """One thing that is wrong with the input."""

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
    """What went wrong (RFC 9457, `application/problem+json`)."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldProblem] = []
    errors_omitted: int = Field(
        0, description=f"how many more there are, where there are more than the {MAX_PROBLEMS} that are named"
    )
