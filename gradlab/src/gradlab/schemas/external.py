"""Requests and responses of external trainings."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from gradlab.errors import Invalid, Problem, shorten
from gradlab.measurement.kinds.boundary import MAX_PLANES, PLANE_POINTS
from gradlab.schemas.response_model import ResponseModel

# No spec has more names.
MAX_NAMES = 100
# Column -> recorded epoch × tensor. Versions before 0.2 sent recorded epoch × tensor × column.
ByName = Annotated[
    dict[
        str, Annotated[Any, WithJsonSchema({"type": "array", "items": {}})]
    ],  # `api.series.incoming` checks the values
    Field(max_length=MAX_NAMES, title="columns by name", description="for each column: recorded epoch × tensor"),
]
ByPosition = Annotated[
    list[Any],
    Field(
        title="columns by position",
        description="recorded epoch × tensor × column, with the columns in the experiment's order; deprecated: the "
        "next version accepts columns by name only",
        json_schema_extra={"deprecated": True},
    ),
]


def _form(values: Any) -> str:
    return "by_position" if isinstance(values, list) else "by_name"


Columns = Annotated[Annotated[ByName, Tag("by_name")] | Annotated[ByPosition, Tag("by_position")], Discriminator(_form)]


class SeriesRequest(BaseModel):
    """Consecutive epochs of one run. Numbers that are not finite are null, or "NaN", "Infinity", "-Infinity"."""

    model_config = ConfigDict(extra="forbid", strict=True)

    from_epoch: Annotated[int, Field(ge=0, le=10_000_000)]
    """First epoch of the request: the one after the last that was sent, or an earlier one to send again."""
    metrics: Annotated[dict[str, list[Any]], Field(max_length=MAX_NAMES)] = {}
    """Metric -> values, one for each epoch; all metrics of the spec."""
    series: Annotated[dict[str, Columns], Field(max_length=MAX_NAMES)] = {}
    """Kind -> column -> recorded epoch × tensor; all kinds that the spec records, with all of their columns."""


Axis = Annotated[list[Any], Field(max_length=PLANE_POINTS)]


class BoundaryRequest(BaseModel):
    """Outputs of a run's network on a grid over the plane of its two inputs. Numbers are those of `SeriesRequest`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    epoch: Annotated[int, Field(ge=0, le=10_000_000)]
    """Stored epoch after which the outputs were computed."""
    x: Axis
    """32 values of the first input, rising."""
    y: Axis
    """32 values of the second input, rising."""
    values: Annotated[list[Any], Field(min_length=1, max_length=MAX_PLANES)]
    """Class × y × x: outputs as in inference. A single output stands for class 1."""


class RunEndRequest(BaseModel):
    """End of a run."""

    model_config = ConfigDict(extra="forbid", strict=True)

    status: Literal["completed", "failed"]
    """``completed``, also after early stopping or divergence; ``failed`` after an error."""
    error: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    """Reason of the failure."""

    def reason(self) -> str | None:
        """Return the reason of the failure; None for a completed run.

        Raises:
            Invalid: a completed run has an error.
        """
        if self.status == "completed":
            if self.error is not None:
                raise Invalid(Problem("error", "nothing: the run is completed", shorten(self.error)))
            return None
        return self.error or "its sender did not say why"


class RunResumeRequest(BaseModel):
    """Continuation of a run, from the state after one of its epochs."""

    model_config = ConfigDict(extra="forbid", strict=True)

    after: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    """Epoch from whose state the training goes on; epochs behind it are dropped. Null: the last stored one."""
    epochs: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    """Last planned epoch from now on, counted from 1. Null: as the spec has it."""


class SeriesResponse(ResponseModel):
    """Stored epochs of a run."""

    experiment_id: UUID
    seed: int
    epochs_done: int = Field(description="last stored epoch; 0 if there is none")
    next_epoch: int = Field(description="epoch that is expected next")
