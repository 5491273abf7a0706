"""What is wrong with an experiment, and with a spec before it is trained."""

from uuid import UUID

from fastapi import APIRouter

from api.bodies import BodyRoute
from api.dependencies import ETag, Queue, SettingsDep, Store
from api.diagnosis import DiagnosisAnswer, ExperimentDiagnosisAnswer
from api.errors import documented
from api.routes.experiments import Spec
from core import experiments

router = APIRouter(prefix="/experiments", tags=["diagnosis"], route_class=BodyRoute)


@router.post("/triage", responses=documented(401, 413, 415, 422, 503), summary="Triage")
def triage(spec: Spec, store: Store, queue: Queue, settings: SettingsDep) -> DiagnosisAnswer:
    """Look at a spec's networks before they are trained: what theory expects, what the initial state shows, what would
    help. A worker builds the networks of all seeds and sends one batch through them and back; nothing is trained, and
    nothing is kept.
    """
    found = experiments.triage(spec, store=store, queue=queue, settings=settings)
    return DiagnosisAnswer.of(spec, found)


@router.get("/{experiment_id}/diagnosis", responses=documented(304, 401, 404, 422, 503), summary="Diagnose")
def diagnose(experiment_id: UUID, store: Store, etag: ETag) -> ExperimentDiagnosisAnswer:
    """Say what is wrong with an experiment, on what evidence, and what would help: also while it is being trained."""
    experiment, found = experiments.diagnose(experiment_id, store=store)
    return ExperimentDiagnosisAnswer.about(experiment, found)
