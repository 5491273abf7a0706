"""Responses about the service itself."""

from typing import Literal

from pydantic import Field

from gradlab.schemas.response_model import ResponseModel


class LivenessResponse(ResponseModel):
    """Response of a process that is running."""

    status: Literal["alive"] = "alive"


class ReadinessResponse(ResponseModel):
    """Readiness of the service, with the result of each check."""

    ready: bool = Field(description="true if every check passed")
    checks: dict[str, str] = Field(
        description='results of the checks of database, migrations, broker and disk: "ok", or what is wrong'
    )
