"""Responses about experiments. Numbers that are not finite are null."""

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from gradlab.diagnosis.conclusion import Verdict
from gradlab.diagnosis.summary import Confidence, behind_verdict, in_one_line
from gradlab.frozen import added
from gradlab.schemas.html import table
from gradlab.schemas.response_model import ResponseModel
from gradlab.schemas.status import Status, TreatmentStatus
from gradlab.spec import AnySpec, ExperimentSpec


class ProgressResponse(ResponseModel):
    """Progress of an experiment, summed over its runs."""

    epochs_done: int
    epochs_total: int


class CulpritResponse(ResponseModel):
    """First value of a run that was not finite, in the order of computation within an update."""

    epoch: int
    batch: int = Field(description="mini-batch of the epoch, from 1; 0 for the validation after it")
    where: Literal["activation", "loss", "gradient", "weight", "metric"]
    layer: str | None = Field(description="layer of the tensor; null for a loss or a metric")
    parameter: str | None = Field(description="name of the tensor or metric; null for a loss")
    kind: Literal["nan", "inf", "-inf"]
    count: int = Field(description="number of values of that tensor that were not finite")


class RunResponse(ResponseModel):
    """Run of one seed."""

    seed: int
    epochs_done: int
    ended: bool
    stopped_by: str | None = Field(
        description='reason of an early end: "nonfinite" after a value that was not finite, or "early_stopping"'
    )
    culprit: CulpritResponse | None = Field(description="the first value that was not finite; null if all were")
    final_metrics: dict[str, float | None] | None = Field(description="metrics of the last stored epoch")
    error: str | None = Field(None, description="error of a failed external training")


class SummaryResponse(ResponseModel):
    """Summary of an experiment's last diagnosis."""

    verdict: Verdict
    root_cause: str | None = Field(description="rule of the finding that causes the others; null if there is none")
    title: str | None = Field(description="the root cause in a few words; null if there is none")
    confidence: Confidence = Field(
        description="certain: nothing is unjudged, and every seed shows the root cause; likely: more than half of the "
        "seeds show it"
    )
    unjudged: int = Field(description="number of rules that could not be applied")
    stale: bool = Field(description="true if it was made by other rules than this version's; it is made anew soon")

    def __str__(self) -> str:
        parts = self.root_cause, self.title, self.confidence, self.unjudged
        return in_one_line(self.verdict, *parts, stale=self.stale)

    @property
    def behind_verdict(self) -> str:
        """The line without the verdict: root cause, confidence, and the number of unjudged rules."""
        parts = self.root_cause, self.title, self.confidence, self.unjudged
        return behind_verdict(self.verdict, *parts, stale=self.stale)


class TrialOfResponse(ResponseModel):
    """Trial of a treatment, for which an experiment was added."""

    experiment_id: UUID = Field(description="the treated experiment")
    name: str = Field(description="name of the treated experiment")
    treatment_id: UUID
    role: Literal["untreated", "control", "treated"]
    remedies: list[str] = Field(description="the applied remedies; empty for an untreated trial")

    def __str__(self) -> str:
        return " + ".join(self.remedies) or self.role


class TreatmentOfResponse(ResponseModel):
    """Newest treatment of an experiment."""

    id: UUID
    status: TreatmentStatus
    trials: int = Field(description="number of experiments that are trials of the experiment's treatments")


class ExperimentResponse(ResponseModel):
    """Experiment: spec, status, progress and runs."""

    id: UUID
    name: str
    source: Literal["service", "external"] = Field(
        description="service: trained by a worker; external: the training runs elsewhere and sends its series"
    )
    status: Status
    stopped_by: str | None
    progress: ProgressResponse
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expected_by: datetime | None = Field(
        description="time until which a running external training must send its next request; then it counts as silent"
    )
    attempt: int = Field(description="number of times that a worker has started it")
    worker: str | None
    error: str | None = Field(description="last failure; kept even if a later attempt succeeded")
    compiled: bool | None = Field(
        description="true if XLA compiled the training; false for a plain graph, chosen for large convolutions or "
        "because XLA refused an operation, which the worker's log names; null before the first epoch"
    )
    versions: dict[str, str] | None = Field(description="versions of the software that trained it")
    diagnosis: SummaryResponse | None = Field(
        None, description="summary of the last diagnosis; null before the first one. Its evidence is at `/diagnosis`"
    )
    trial: TrialOfResponse | None = Field(
        None, description="the treatment's trial for which it was added; null if somebody submitted it"
    )
    treatment: TreatmentOfResponse | None = Field(None, description="its newest treatment; null if it has none")
    shapes: str | None = Field(
        default=None,
        description="order of the axes in all shapes of its layers and tensors; null where it is the framework's own",
    )
    runs: list[RunResponse]
    spec: AnySpec

    @property
    def is_silent(self) -> bool:
        """True if an external training has sent nothing until `expected_by`: its process may be dead."""
        return self.expected_by is not None and self.expected_by < datetime.now(UTC)

    def _repr_html_(self) -> str:
        """Return HTML for notebooks: status, progress, and the final metrics of each run."""
        names = list(next((run.final_metrics for run in self.runs if run.final_metrics), {}))
        rows = [
            (run.seed, run.epochs_done, run.stopped_by, *((run.final_metrics or {}).get(name) for name in names))
            for run in self.runs
        ]
        status = f"{self.status}, silent" if self.is_silent else self.status
        title = f"{self.name}: {status}, {self.progress.epochs_done} of {self.progress.epochs_total} epochs"
        trial = [f"trial of {self.trial.name} ({self.trial.experiment_id}): {self.trial}"] if self.trial else []
        notes = [f"id {self.id}", *trial, *([self.error] if self.error else [])]
        return table(title, ("seed", "epochs", "stopped by", *names), rows, notes)


class ExperimentsResponse(ResponseModel):
    """Page of experiments, newest first."""

    experiments: list[ExperimentResponse]
    next: str | None = Field(description="address of the next page; null on the last")


class TensorResponse(ResponseModel):
    """Trainable tensor."""

    parameter: str
    shape: tuple[int, ...]
    count: int = Field(description="number of its entries")


class LayerResponse(ResponseModel):
    """Layer, with its shapes and trainable tensors."""

    layer: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    inputs: tuple[str, ...] = Field(description="layers, or inputs of the network, whose outputs it takes")
    shares: str | None = Field(description="layer whose weights it uses; null for weights of its own")
    tensors: list[TensorResponse]
    parameters: int = Field(description="number of trainable parameters")


class EstimateResponse(ResponseModel):
    """Estimated cost of an experiment."""

    parameters: int = Field(description="number of trainable parameters of the network")
    series_bytes: int = Field(description="size of recorded series and networks in the database")
    memory_bytes: int = Field(description="peak memory of the training, without TensorFlow itself")
    memory_interval: tuple[int, int] = Field(description="80 % prediction interval of the memory")
    seconds: float = Field(description="training time on the machines that have trained recently")
    seconds_interval: tuple[float, float] = Field(description="80 % prediction interval of the time")
    compile_seconds: float = Field(description="part of the time before the first epoch")
    source: str = Field(
        description="basis of times and memory: records of the service's machines, or the default calibration if there "
        "are none"
    )
    notes: tuple[str, ...] = added((), description="what there is to know of its runs; left out for most")


class ValidationResponse(ResponseModel):
    """Valid spec in canonical form, with its layers and its estimated cost."""

    spec: ExperimentSpec
    fingerprint: str
    layers: list[LayerResponse]
    estimate: EstimateResponse

    def _repr_html_(self) -> str:
        """Return HTML for notebooks: the layers, and the estimated cost."""
        rows = [(layer.layer, layer.input_shape, layer.output_shape, layer.parameters) for layer in self.layers]
        title = f"{self.spec.name}: {self.estimate.parameters:,} parameters, about {self.estimate.seconds:.0f} seconds"
        return table(title, ("layer", "input", "output", "parameters"), rows)
