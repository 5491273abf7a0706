"""Requests of a sender whose training runs elsewhere, and the responses to them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from gradlab.errors import Invalid, Problem, shorten
from gradlab.schemas.response_model import ResponseModel

# More than any spec names.
MAX_NAMES = 100
# Column -> recorded epoch × tensor; or, as versions before 0.2 sent it, recorded epoch × tensor × column.
ByName = Annotated[
    dict[str, Annotated[Any, WithJsonSchema({"type": "array", "items": {}})]],  # `api.series.incoming` checks it
    Field(max_length=MAX_NAMES, title="columns by name", description="for each column: recorded epoch × tensor"),
]
ByPosition = Annotated[
    list[Any],
    Field(
        title="columns by position",
        description="recorded epoch × tensor × column, the columns in the order of the experiment's; name them "
        "instead: the next version does not read this",
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
    """The first of the epochs: one behind the last that was sent, or again what was sent before."""
    metrics: Annotated[dict[str, list[Any]], Field(max_length=MAX_NAMES)] = {}
    """For each metric of the spec its values, one for each epoch."""
    series: Annotated[dict[str, Columns], Field(max_length=MAX_NAMES)] = {}
    """For each kind that the spec records its values: for each of its columns, by name, recorded epoch × tensor."""


class RunEndRequest(BaseModel):
    """How a run has ended."""

    model_config = ConfigDict(extra="forbid", strict=True)

    status: Literal["completed", "failed"]
    """``completed``, also where it was stopped early or diverged; ``failed`` where it broke off."""
    error: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    """Why it failed."""

    def reason(self) -> str | None:
        """Why it failed; None where it did not. Raises Invalid where both are said."""
        if self.status == "completed":
            if self.error is not None:
                raise Invalid(Problem("error", "nothing: the run is completed", shorten(self.error)))
            return None
        return self.error or "its sender did not say why"


class SeriesResponse(ResponseModel):
    """What is stored of a run now."""

    experiment_id: UUID
    seed: int
    epochs_done: int = Field(description="the last epoch that is stored; 0 where none is")
    next_epoch: int = Field(description="the epoch that comes next")
