"""What the API answers about experiments, typed. Numbers that are not finite become null."""

import math
from datetime import UTC, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from api.notebook import table
from core.frozen import STORED
from core.history import Culprit
from core.spec import AnySpec, ExperimentSpec
from core.spec.calibration import Calibration
from core.spec.estimate import estimate
from core.store import Experiment, Page, RunRecord, Status


class Answer(BaseModel):
    """The parent of all answers."""

    @classmethod
    def read(cls, content: str | bytes) -> Self:
        """What a service has answered; the specs in it may be older than today's bounds."""
        return cls.model_validate_json(content, context=STORED)


class Progress(Answer):
    """How far an experiment has come, all runs together."""

    epochs_done: int
    epochs_total: int


class CulpritAnswer(Answer):
    """The first value of a run that was not finite, in the order in which an update computes them."""

    epoch: int
    batch: int = Field(description="the mini-batch of the epoch, from 1; 0 for the validation at its end")
    where: Literal["activation", "loss", "gradient", "weight", "metric"]
    layer: str | None = Field(description="null for a loss or a metric")
    parameter: str | None = Field(description="the tensor's or the metric's name; null for a loss")
    kind: Literal["nan", "inf", "-inf"]
    count: int = Field(description="how many values of that tensor were not finite")

    @classmethod
    def of(cls, culprit: Culprit) -> "CulpritAnswer":
        """The answer for what the training found."""
        return cls(**vars(culprit))


class RunAnswer(Answer):
    """One seed."""

    seed: int
    epochs_done: int
    ended: bool
    stopped_by: str | None = Field(
        description='why it ended before its last epoch: "nonfinite" if it left the finite numbers, "early_stopping"'
    )
    culprit: CulpritAnswer | None = Field(description="where the first value was that was not finite")
    final_metrics: dict[str, float | None] | None = Field(description="the last stored epoch's")
    error: str | None = Field(None, description="why it failed, where it was sent from elsewhere and did")

    @classmethod
    def of(cls, run: RunRecord) -> "RunAnswer":
        """The answer for what the store says."""
        return cls(
            seed=run.seed,
            epochs_done=run.epochs_done,
            ended=run.ended,
            stopped_by=run.stopped_by,
            culprit=CulpritAnswer.of(run.culprit) if run.culprit else None,
            final_metrics=dict(run.final_metrics) if run.final_metrics else None,
            error=run.error,
        )


class ExperimentAnswer(Answer):
    """An experiment: what was asked for, how far it has come, how it ended."""

    id: UUID
    name: str
    source: Literal["service", "external"] = Field(description="external: trained elsewhere, and its series are sent")
    status: Status
    stopped_by: str | None
    progress: Progress
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
    runs: list[RunAnswer]
    spec: AnySpec

    @classmethod
    def of(cls, experiment: Experiment) -> "ExperimentAnswer":
        """The answer for what the store says."""
        return cls(
            id=experiment.id,
            name=experiment.spec.name,
            source="external" if experiment.is_external else "service",
            status=experiment.status,
            stopped_by=experiment.stopped_by,
            progress=Progress(epochs_done=experiment.epochs_done, epochs_total=experiment.epochs_total),
            cancel_requested=experiment.cancel_requested,
            created_at=experiment.created_at,
            started_at=experiment.started_at,
            finished_at=experiment.finished_at,
            expected_by=experiment.lease_until if experiment.is_external else None,
            attempt=experiment.attempt,
            worker=experiment.worker,
            error=experiment.error,
            compiled=experiment.compiled,
            versions=dict(experiment.versions) if experiment.versions else None,
            runs=[RunAnswer.of(run) for run in experiment.runs],
            spec=experiment.spec,
        )

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


class ValidationAnswer(Answer):
    """A spec that can be trained: in canonical form, counted and estimated."""

    spec: ExperimentSpec
    fingerprint: str
    layers: list[LayerAnswer]
    estimate: EstimateAnswer

    @classmethod
    def of(cls, spec: ExperimentSpec, calibration: Calibration) -> "ValidationAnswer":
        """The answer for a spec, on machines like those that a calibration was made of."""
        cost = estimate(spec, calibration)
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
            estimate=EstimateAnswer(**{name: getattr(cost, name) for name in EstimateAnswer.model_fields}),
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: the layers, and what they will cost."""
        rows = [(each.layer, each.input_shape, each.output_shape, each.parameters) for each in self.layers]
        title = f"{self.spec.name}: {self.estimate.parameters:,} parameters, about {self.estimate.seconds:.0f} seconds"
        return table(title, ("layer", "input", "output", "parameters"), rows)
