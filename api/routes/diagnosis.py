"""Endpoints of the diagnosis: of an experiment, and of a spec before it is trained (triage)."""

from uuid import UUID

from anyio.to_thread import run_sync
from fastapi import Request

from api.http.bodies import SpecRoute
from api.http.dependencies import ETag, Queue, Services, Store
from api.http.errors import documented
from api.http.router import api_router
from api.routes.experiments import Spec
from core.use_cases import diagnoses
from gradlab.responses.diagnosis import diagnosis_response, experiment_diagnosis_response
from gradlab.schemas.diagnosis import DiagnosisResponse, ExperimentDiagnosisResponse
from gradlab.spec import ExperimentSpec

router = api_router("diagnosis", "/experiments", route_class=SpecRoute)


@router.post("/triage", responses=documented(401, 409, 413, 415, 422, 503), summary="Triage a spec")
async def triage(spec: Spec, request: Request) -> DiagnosisResponse:
    """Diagnose a spec's networks before they are trained, and suggest remedies.

    A worker builds the networks of all seeds, and passes one batch forward and backward through them. The diagnosis
    rests on their initial state and on theory. Nothing is trained, and nothing is stored.
    """
    services: Services = request.app.state.services
    # It waits for a worker, in its own threads: otherwise triages could occupy the threads of all other requests.
    return await run_sync(_triage, spec, services, limiter=services.triage_waiters)


def _triage(spec: ExperimentSpec, services: Services) -> DiagnosisResponse:
    diagnosis = diagnoses.triage(spec, store=services.store, queue=services.queue, settings=services.settings)
    return diagnosis_response(spec, diagnosis)


@router.get(
    "/{experiment_id}/diagnosis", responses=documented(304, 401, 404, 422, 503), summary="Diagnose an experiment"
)
def diagnose(experiment_id: UUID, store: Store, queue: Queue, etag: ETag) -> ExperimentDiagnosisResponse:
    """Diagnose an experiment: findings with their evidence, the root cause, and remedies. Training may still run."""
    experiment, diagnosis = diagnoses.diagnose(experiment_id, store=store, queue=queue)
    return experiment_diagnosis_response(experiment.id, experiment.status, experiment.spec, diagnosis)
