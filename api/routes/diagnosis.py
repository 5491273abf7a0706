"""What is wrong with an experiment, and with a spec before it is trained."""

from uuid import UUID

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request

from api.http.bodies import BodyRoute
from api.http.dependencies import ETag, Services, Store
from api.http.errors import documented
from api.responses.diagnosis import diagnosis_response, experiment_diagnosis_response
from api.routes.experiments import Spec
from core.use_cases import experiments
from gradlab.schemas.diagnosis import DiagnosisResponse, ExperimentDiagnosisResponse
from gradlab.spec import ExperimentSpec

router = APIRouter(prefix="/experiments", tags=["diagnosis"], route_class=BodyRoute)


@router.post("/triage", responses=documented(401, 413, 415, 422, 503), summary="Triage")
async def triage(spec: Spec, request: Request) -> DiagnosisResponse:
    """Look at a spec's networks before they are trained: what theory expects, what the initial state shows, what would
    help. A worker builds the networks of all seeds and sends one batch through them and back; nothing is trained, and
    nothing is kept.
    """
    services: Services = request.app.state.services
    # It waits for a worker, in threads of its own: those that answer everything else must not all wait with it.
    return await run_sync(_triaged, spec, services, limiter=services.triage_waiters)


def _triaged(spec: ExperimentSpec, services: Services) -> DiagnosisResponse:
    found = experiments.triage(spec, store=services.store, queue=services.queue, settings=services.settings)
    return diagnosis_response(spec, found)


@router.get("/{experiment_id}/diagnosis", responses=documented(304, 401, 404, 422, 503), summary="Diagnose")
def diagnose(experiment_id: UUID, store: Store, etag: ETag) -> ExperimentDiagnosisResponse:
    """Say what is wrong with an experiment, on what evidence, and what would help: also while it is being trained."""
    experiment, found = experiments.diagnose(experiment_id, store=store)
    return experiment_diagnosis_response(experiment, found)
