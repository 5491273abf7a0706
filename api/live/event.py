"""Events in the format of server-sent events."""

from uuid import UUID

from fastapi.sse import format_sse_event
from pydantic import BaseModel

from api.live.position import Position, Stage
from api.responses.experiments import experiment_response
from core.records import Experiment
from gradlab.diagnosis import Diagnosis
from gradlab.diagnosis.summary import summary_of
from gradlab.schemas.events import FindingsEvent

NAMES = {
    Stage.status: "status",
    Stage.epochs: "epochs",
    Stage.earlier_findings: "findings",
    Stage.findings: "findings",
    Stage.done: "done",
}
# Browsers wait for `retry` milliseconds before they reconnect. Comments keep proxies from closing a quiet connection.
OPENING = format_sse_event(retry=1000)
ALIVE = format_sse_event(comment="alive")


def findings_event(id: UUID, diagnosis: Diagnosis) -> FindingsEvent:
    """Build the event of a diagnosis."""
    return FindingsEvent(
        experiment_id=id,
        verdict=diagnosis.verdict,
        root_cause=diagnosis.root_cause,
        confidence=summary_of(diagnosis).confidence,
        findings=list(diagnosis.findings),
        unjudged=list(diagnosis.unjudged),
        settled_by=list(diagnosis.settled_by),
    )


def status_data(experiment: Experiment) -> str:
    """Encode the response of `GET /experiments/{id}`, without the spec; `progress` has the planned epochs."""
    return experiment_response(experiment).model_dump_json(exclude={"spec"})


def encode_event(position: Position, data: str | BaseModel) -> bytes:
    """Encode an event."""
    text = data if isinstance(data, str) else data.model_dump_json()
    return format_sse_event(event=NAMES[position.stage], data_str=text, id=str(position))
