"""Events of the streams of experiments and studies."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from gradlab.diagnosis import Finding, Settling, Unjudged
from gradlab.diagnosis.conclusion import Verdict
from gradlab.diagnosis.summary import Confidence
from gradlab.schemas.response_model import ResponseModel
from gradlab.schemas.status import Status, StudyStatus
from gradlab.schemas.studies import CellResponse


class RunGradientsResponse(ResponseModel):
    """Mean absolute gradients of a run: `layers[name][i]` belongs to `epochs[i]`."""

    epochs: list[int] = Field(description="recorded epochs")
    layers: dict[str, list[float | None]] = Field(description="layer -> mean |gradient| of its kernel")


class RunEpochsResponse(ResponseModel):
    """Consecutive epochs of one run: `metrics[name][i]` belongs to `epochs[i]`."""

    seed: int
    epochs: list[int]
    metrics: dict[str, list[float | None]]
    gradients: RunGradientsResponse | None = Field(description="null if the experiment does not record gradients")


class EpochsEvent(ResponseModel):
    """New epochs of some runs. Values that are not finite are null."""

    experiment_id: UUID
    runs: list[RunEpochsResponse]


class FindingsEvent(ResponseModel):
    """Diagnosis from the epochs recorded so far, without suggestions and the outcomes of seeds."""

    experiment_id: UUID
    verdict: Verdict
    root_cause: str | None
    confidence: Confidence
    findings: list[Finding]
    unjudged: list[Unjudged] = Field(default=[], description="rules that cannot be applied, and what they need")
    settled_by: list[Settling] = Field(default=[], description="what would settle a verdict that is not final")


class DoneEvent(ResponseModel):
    """Last event of a stream, with the final status of the experiment."""

    experiment_id: UUID
    status: Status | Literal["deleted"]


class CellsEvent(ResponseModel):
    """Cells of a study as they are now, in the order of their positions: some of those that have changed."""

    study_id: UUID
    cells: list[CellResponse]


class StudyDoneEvent(ResponseModel):
    """Last event of a study's stream, with its final status."""

    study_id: UUID
    status: StudyStatus | Literal["deleted"]
