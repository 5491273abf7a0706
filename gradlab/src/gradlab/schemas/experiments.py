"""Responses about experiments. Numbers that are not finite become null."""

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from gradlab.schemas.html import table
from gradlab.schemas.response_model import ResponseModel
from gradlab.schemas.status import Status
from gradlab.spec import AnySpec, ExperimentSpec


class ProgressResponse(ResponseModel):
    """How far an experiment has come, all runs together."""

    epochs_done: int
    epochs_total: int


class CulpritResponse(ResponseModel):
    """The first value of a run that was not finite, in the order in which an update computes them."""

    epoch: int
    batch: int = Field(description="the mini-batch of the epoch, from 1; 0 for the validation at its end")
    where: Literal["activation", "loss", "gradient", "weight", "metric"]
    layer: str | None = Field(description="null for a loss or a metric")
    parameter: str | None = Field(description="the tensor's or the metric's name; null for a loss")
    kind: Literal["nan", "inf", "-inf"]
    count: int = Field(description="how many values of that tensor were not finite")


class RunResponse(ResponseModel):
    """One seed."""

    seed: int
    epochs_done: int
    ended: bool
    stopped_by: str | None = Field(
        description='why it ended before its last epoch: "nonfinite" if it left the finite numbers, "early_stopping"'
    )
    culprit: CulpritResponse | None = Field(description="where the first value was that was not finite")
    final_metrics: dict[str, float | None] | None = Field(description="the last stored epoch's")
    error: str | None = Field(None, description="why it failed, where it was sent from elsewhere and did")


class ExperimentResponse(ResponseModel):
    """An experiment: what was asked for, how far it has come, how it ended."""

    id: UUID
    name: str
    source: Literal["service", "external"] = Field(description="external: trained elsewhere, and its series are sent")
    status: Status
    stopped_by: str | None
    progress: ProgressResponse
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expected_by: datetime | None = Field(
        description="of a running training elsewhere: unless it is heard of before, its sender counts as silent then"
    )
    attempt: int = Field(description="how often a worker has taken it up")
    worker: str | None
    error: str | None = Field(description="the last failure, kept even if a later attempt succeeded")
    compiled: bool | None = Field(description="whether XLA compiled the training; null before the first epoch")
    versions: dict[str, str] | None = Field(description="what trained it")
    runs: list[RunResponse]
    spec: AnySpec

    @property
    def is_silent(self) -> bool:
        """Whether nothing has been heard for too long of a training elsewhere: its sender may be dead."""
        return self.expected_by is not None and self.expected_by < datetime.now(UTC)

    def _repr_html_(self) -> str:
        """What a notebook shows: how far it has come, and each run's final metrics."""
        names = list(next((run.final_metrics for run in self.runs if run.final_metrics), {}))
        rows = [
            (run.seed, run.epochs_done, run.stopped_by, *((run.final_metrics or {}).get(name) for name in names))
            for run in self.runs
        ]
        status = f"{self.status}, silent" if self.is_silent else self.status
        title = f"{self.name}: {status}, {self.progress.epochs_done} of {self.progress.epochs_total} epochs"
        notes = [f"id {self.id}", *([self.error] if self.error else [])]
        return table(title, ("seed", "epochs", "stopped by", *names), rows, notes)


class ExperimentsResponse(ResponseModel):
    """One page of experiments, newest first."""

    experiments: list[ExperimentResponse]
    next: str | None = Field(description="the address of the next page; null on the last")


class TensorResponse(ResponseModel):
    """One trainable tensor."""

    parameter: str
    shape: tuple[int, ...]
    count: int = Field(description="how many numbers it has")


class LayerResponse(ResponseModel):
    """One layer as it will be built."""

    layer: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    tensors: list[TensorResponse]
    parameters: int = Field(description="trainable numbers")


class EstimateResponse(ResponseModel):
    """What an experiment will cost."""

    parameters: int = Field(description="trainable numbers in the network")
    series_bytes: int = Field(description="what the recorded series and the networks will take in the database")
    memory_bytes: int = Field(description="what training takes at its peak, beside TensorFlow itself")
    memory_interval: tuple[int, int] = Field(description="between which sizes four in five trainings like it stay")
    seconds: float = Field(description="training time, as the machines take that took work lately")
    seconds_interval: tuple[float, float] = Field(description="between which times four in five like it end")
    compile_seconds: float = Field(description="the part of it that comes before the first epoch")
    source: str = Field(
        description="what times and memory rest on: records of so many machines, or the shipped calibration where "
        "there is no record yet"
    )


class ValidationResponse(ResponseModel):
    """A spec that can be trained: in canonical form, counted and estimated."""

    spec: ExperimentSpec
    fingerprint: str
    layers: list[LayerResponse]
    estimate: EstimateResponse

    def _repr_html_(self) -> str:
        """What a notebook shows: the layers, and what they will cost."""
        rows = [(each.layer, each.input_shape, each.output_shape, each.parameters) for each in self.layers]
        title = f"{self.spec.name}: {self.estimate.parameters:,} parameters, about {self.estimate.seconds:.0f} seconds"
        return table(title, ("layer", "input", "output", "parameters"), rows)
