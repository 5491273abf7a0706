"""What the API answers, typed: NaN and infinities become null, with `first_nonfinite` beside them."""

import math
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.spec import ExperimentSpec
from core.spec.estimate import estimate
from core.store import Experiment, Page, Status


class Answer(BaseModel):
    """The parent of all answers."""


class Progress(Answer):
    """How far an experiment has come, all runs together."""

    epochs_done: int
    epochs_total: int


class RunAnswer(Answer):
    """One seed."""

    seed: int
    epochs_done: int
    ended: bool
    stopped_by: str | None = Field(description='"nonfinite" if the run left the finite numbers')
    final_metrics: dict[str, float | None] | None = Field(description="the last stored epoch's")


class ExperimentAnswer(Answer):
    """An experiment: what was asked for, how far it has come, how it ended."""

    id: UUID
    name: str
    status: Status
    stopped_by: str | None
    progress: Progress
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempt: int = Field(description="how often a worker has taken it up")
    worker: str | None
    error: str | None = Field(description="the last failure, kept even if a later attempt succeeded")
    compiled: bool | None = Field(description="whether XLA compiled the training; null before the first epoch")
    versions: dict[str, str] | None = Field(description="what trained it")
    runs: list[RunAnswer]
    spec: ExperimentSpec

    @classmethod
    def of(cls, experiment: Experiment) -> "ExperimentAnswer":
        """The answer for what the store says."""
        return cls(
            id=experiment.id,
            name=experiment.spec.name,
            status=experiment.status,
            stopped_by=experiment.stopped_by,
            progress=Progress(epochs_done=experiment.epochs_done, epochs_total=experiment.epochs_total),
            cancel_requested=experiment.cancel_requested,
            created_at=experiment.created_at,
            started_at=experiment.started_at,
            finished_at=experiment.finished_at,
            attempt=experiment.attempt,
            worker=experiment.worker,
            error=experiment.error,
            compiled=experiment.compiled,
            versions=dict(experiment.versions) if experiment.versions else None,
            runs=[
                RunAnswer(
                    seed=run.seed,
                    epochs_done=run.epochs_done,
                    ended=run.ended,
                    stopped_by=run.stopped_by,
                    final_metrics=dict(run.final_metrics) if run.final_metrics else None,
                )
                for run in experiment.runs
            ],
            spec=experiment.spec,
        )


class ExperimentsAnswer(Answer):
    """One page of experiments, newest first."""

    experiments: list[ExperimentAnswer]
    next: str | None = Field(description="the address of the next page; null on the last")

    @classmethod
    def of(cls, page: Page, next: str | None) -> "ExperimentsAnswer":
        """The answer for a page of the store."""
        return cls(experiments=[ExperimentAnswer.of(each) for each in page.experiments], next=next)


class TensorAnswer(Answer):
    """One trainable tensor."""

    parameter: str
    shape: tuple[int, ...]
    count: int = Field(description="how many numbers it has")


class LayerAnswer(Answer):
    """One layer as it will be built."""

    layer: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    tensors: list[TensorAnswer]
    parameters: int = Field(description="trainable numbers")


class EstimateAnswer(Answer):
    """What an experiment will cost."""

    parameters: int = Field(description="trainable numbers in the network")
    series_bytes: int = Field(description="what the recorded series will take in the database")
    seconds: float = Field(description="training time on a two-core machine, right within a factor of about three")


class ValidationAnswer(Answer):
    """A spec that can be trained: in canonical form, counted and estimated."""

    spec: ExperimentSpec
    fingerprint: str
    layers: list[LayerAnswer]
    estimate: EstimateAnswer

    @classmethod
    def of(cls, spec: ExperimentSpec) -> "ValidationAnswer":
        """The answer for a spec."""
        cost = estimate(spec)
        return cls(
            spec=spec,
            fingerprint=spec.fingerprint(),
            layers=[
                LayerAnswer(
                    layer=layer.name,
                    input_shape=layer.input_shape,
                    output_shape=layer.output_shape,
                    tensors=[
                        TensorAnswer(parameter=each.parameter, shape=each.shape, count=math.prod(each.shape))
                        for each in layer.tensors
                    ],
                    parameters=layer.parameter_count,
                )
                for layer in spec.layers
            ],
            estimate=EstimateAnswer(parameters=cost.parameters, series_bytes=cost.series_bytes, seconds=cost.seconds),
        )


class Nonfinite(Answer):
    """The first value of a series that is not finite, over the whole run as stored."""

    epoch: int
    kind: Literal["nan", "inf", "-inf"]


class Sampling(Answer):
    """What was left out because `max_points` asked for it."""

    max_points: int
    kept: int
    of: int
    method: str = "evenly spaced epochs, the first and the last among them"


class RunSeries(Answer):
    """One run's values: `values[i]` belongs to `epochs[i]`; fewer where it stopped early or has not got that far."""

    seed: int
    values: list[float | None]
    first_nonfinite: Nonfinite | None


class TensorSeries(Answer):
    """One tensor's series in all runs."""

    layer: str
    parameter: str
    shape: tuple[int, ...]
    runs: list[RunSeries]


GRADIENTS_EXAMPLE: dict[str, Any] = {
    "experiment_id": "5a1c8d6e-3c1b-4c55-9a60-0f4be2a1c0de",
    "status": "completed",
    "statistic": "mean_abs",
    "parameter": "kernel",
    "epochs": [1, 2],
    "sampling": None,
    "layers": [
        {
            "layer": "dense_1",
            "parameter": "kernel",
            "shape": [2, 5],
            "runs": [{"seed": 0, "values": [0.031, 0.028], "first_nonfinite": None}],
        }
    ],
}


class GradientsAnswer(Answer):
    """A statistic of the gradients, per tensor and run."""

    model_config = ConfigDict(json_schema_extra={"example": GRADIENTS_EXAMPLE})

    experiment_id: UUID
    status: Status
    statistic: str
    parameter: str = Field(description="the parameters asked for, separated by commas")
    epochs: list[int]
    sampling: Sampling | None
    layers: list[TensorSeries]


class RunHistory(Answer):
    """One run's metrics: value i belongs to `epochs[i]`."""

    seed: int
    metrics: dict[str, list[float | None]]
    first_nonfinite: dict[str, Nonfinite | None]


class HistoryAnswer(Answer):
    """Loss and accuracy after every epoch, on the training and the validation samples."""

    experiment_id: UUID
    status: Status
    epochs: list[int]
    sampling: Sampling | None
    runs: list[RunHistory]
