"""The events of an experiment's stream."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from gradlab.schemas.response_model import ResponseModel
from gradlab.schemas.status import Status


class RunGradientsResponse(ResponseModel):
    """How large a run's gradients were: `layers[name][i]` belongs to `epochs[i]`."""

    epochs: list[int] = Field(description="the recorded ones")
    layers: dict[str, list[float | None]] = Field(description="mean |gradient| of the layer's kernel")


class RunEpochsResponse(ResponseModel):
    """Consecutive epochs of one run: `metrics[name][i]` belongs to `epochs[i]`."""

    seed: int
    epochs: list[int]
    metrics: dict[str, list[float | None]]
    gradients: RunGradientsResponse | None = Field(description="null where they are not recorded")


class EpochsEvent(ResponseModel):
    """Epochs that have not been told before; what is not finite is null."""

    experiment_id: UUID
    runs: list[RunEpochsResponse]


class FindingSummaryResponse(ResponseModel):
    """One finding; the diagnosis has the evidence."""

    rule: str
    title: str
    kind: Literal["risk", "symptom", "failure"]
    severity: Literal["info", "warning", "critical"]
    layers: tuple[str, ...]
    seeds: tuple[int, ...]
    since_epoch: int


class FindingsEvent(ResponseModel):
    """What the diagnosis says so far."""

    experiment_id: UUID
    verdict: Literal["healthy", "at risk", "ill", "undecided"]
    root_cause: str | None
    findings: list[FindingSummaryResponse]


class DoneEvent(ResponseModel):
    """Nothing follows: how the experiment ended."""

    experiment_id: UUID
    status: Status | Literal["deleted"]
