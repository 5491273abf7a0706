"""Events as text in the format of server-sent events."""

from uuid import UUID

from fastapi.sse import format_sse_event
from pydantic import BaseModel

from api.live.position import Position, Stage
from api.responses.experiments import experiment_response
from core.records import Experiment
from gradlab.diagnosis import Diagnosis
from gradlab.schemas.events import FindingsEvent, FindingSummaryResponse

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


def findings_event(id: UUID, found: Diagnosis) -> FindingsEvent:
    """Build the event for a diagnosis."""
    fields = FindingSummaryResponse.model_fields
    in_short = [FindingSummaryResponse(**{name: getattr(each, name) for name in fields}) for each in found.findings]
    return FindingsEvent(experiment_id=id, verdict=found.verdict, root_cause=found.root_cause, findings=in_short)


def status_data(experiment: Experiment) -> str:
    """The experiment as `GET /experiments/{id}` answers it, without its spec, which never changes."""
    return experiment_response(experiment).model_dump_json(exclude={"spec"})


def written(position: Position, data: str | BaseModel) -> bytes:
    """An event as it is sent."""
    text = data if isinstance(data, str) else data.model_dump_json()
    return format_sse_event(event=NAMES[position.stage], data_str=text, id=str(position))
