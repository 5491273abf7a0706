"""What is told, typed, and as text in the format of server-sent events."""

from typing import Literal
from uuid import UUID

from fastapi.sse import format_sse_event
from pydantic import BaseModel, Field

from api.live.position import Position, Stage
from api.schemas import Answer, ExperimentAnswer
from core.diagnosis import Diagnosis
from core.store import Experiment, Status

NAMES = {
    Stage.status: "status",
    Stage.epochs: "epochs",
    Stage.known_findings: "findings",
    Stage.findings: "findings",
    Stage.done: "done",
}
# Browsers wait so long before they connect again. A comment now and then keeps what is in between from hanging up.
OPENING = format_sse_event(retry=1000)
ALIVE = format_sse_event(comment="alive")


class RunGradients(Answer):
    """How large a run's gradients were: `layers[name][i]` belongs to `epochs[i]`."""

    epochs: list[int] = Field(description="the recorded ones")
    layers: dict[str, list[float | None]] = Field(description="mean |gradient| of the layer's kernel")


class RunEpochs(Answer):
    """Consecutive epochs of one run: `metrics[name][i]` belongs to `epochs[i]`."""

    seed: int
    epochs: list[int]
    metrics: dict[str, list[float | None]]
    gradients: RunGradients | None = Field(description="null where they are not recorded")


class EpochsEvent(Answer):
    """Epochs that have not been told before; what is not finite is null."""

    experiment_id: UUID
    runs: list[RunEpochs]


class FindingInShort(Answer):
    """One finding; the diagnosis has the evidence."""

    rule: str
    title: str
    kind: Literal["risk", "symptom", "failure"]
    severity: Literal["info", "warning", "critical"]
    layers: tuple[str, ...]
    seeds: tuple[int, ...]
    since_epoch: int


class FindingsEvent(Answer):
    """What the diagnosis says so far."""

    experiment_id: UUID
    verdict: Literal["healthy", "at risk", "ill", "undecided"]
    root_cause: str | None
    findings: list[FindingInShort]

    @classmethod
    def of(cls, id: UUID, found: Diagnosis) -> "FindingsEvent":
        """The event for a diagnosis."""
        fields = FindingInShort.model_fields
        in_short = [FindingInShort(**{name: getattr(each, name) for name in fields}) for each in found.findings]
        return cls(experiment_id=id, verdict=found.verdict, root_cause=found.root_cause, findings=in_short)


class DoneEvent(Answer):
    """Nothing follows: how the experiment ended."""

    experiment_id: UUID
    status: Status | Literal["deleted"]


def status_data(experiment: Experiment) -> str:
    """The experiment as `GET /experiments/{id}` answers it, without its spec, which never changes."""
    return ExperimentAnswer.of(experiment).model_dump_json(exclude={"spec"})


def written(position: Position, data: str | BaseModel) -> bytes:
    """An event as it is sent."""
    text = data if isinstance(data, str) else data.model_dump_json()
    return format_sse_event(event=NAMES[position.stage], data_str=text, id=str(position))
