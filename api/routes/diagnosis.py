"""What is wrong with an experiment, and with a spec before it is trained."""

from uuid import UUID

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request

from api.bodies import BodyRoute
from api.dependencies import ETag, House, Store
from api.diagnosis import DiagnosisAnswer, ExperimentDiagnosisAnswer
from api.errors import documented
from api.routes.experiments import Spec
from core import experiments
from core.spec import ExperimentSpec

router = APIRouter(prefix="/experiments", tags=["diagnosis"], route_class=BodyRoute)


@router.post("/triage", responses=documented(401, 413, 415, 422, 503), summary="Triage")
async def triage(spec: Spec, request: Request) -> DiagnosisAnswer:
    """Look at a spec's networks before they are trained: what theory expects, what the initial state shows, what would
    help. A worker builds the networks of all seeds and sends one batch through them and back; nothing is trained, and
    nothing is kept.
    """
    house: House = request.app.state.house
    # It waits for a worker, in threads of its own: those that answer everything else must not all wait with it.
    return await run_sync(_triaged, spec, house, limiter=house.triage_waiters)


def _triaged(spec: ExperimentSpec, house: House) -> DiagnosisAnswer:
    found = experiments.triage(spec, store=house.store, queue=house.queue, settings=house.settings)
    return DiagnosisAnswer.of(spec, found)


@router.get("/{experiment_id}/diagnosis", responses=documented(304, 401, 404, 422, 503), summary="Diagnose")
def diagnose(experiment_id: UUID, store: Store, etag: ETag) -> ExperimentDiagnosisAnswer:
    """Say what is wrong with an experiment, on what evidence, and what would help: also while it is being trained."""
    experiment, found = experiments.diagnose(experiment_id, store=store)
    return ExperimentDiagnosisAnswer.about(experiment, found)
