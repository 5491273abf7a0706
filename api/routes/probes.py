"""Health probes: liveness and readiness. Neither needs a key."""

from fastapi import Response

from api.http.dependencies import Queue, SettingsDep, Store
from api.http.errors import documented
from api.http.readiness import readiness
from api.http.router import api_router
from gradlab.schemas.health import LivenessResponse, ReadinessResponse

router = api_router("probes", needs_key=False)


@router.get("/livez", responses=documented(422), summary="Check liveness")
async def livez() -> LivenessResponse:
    """Answer as long as the process runs."""
    return LivenessResponse()


@router.get("/readyz", responses={503: {"model": ReadinessResponse}, **documented(422)}, summary="Check readiness")
def readyz(response: Response, store: Store, queue: Queue, settings: SettingsDep) -> ReadinessResponse:
    """Check database, migrations, broker and disk. The status is 503 if a check fails."""
    result = readiness(store, queue, settings)
    response.status_code = 200 if result.ready else 503
    return result
