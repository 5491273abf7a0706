"""Whether the service is alive, and whether it is ready. Neither needs a key."""

from fastapi import APIRouter, Response

from api.http.dependencies import Queue, SettingsDep, Store
from api.http.errors import documented
from api.http.readiness import Readiness, readiness

router = APIRouter(tags=["probes"])


@router.get("/livez", responses=documented(422), summary="Is it alive?")
async def livez() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "alive"}


@router.get("/readyz", responses={503: {"model": Readiness}, **documented(422)}, summary="Is it ready?")
def readyz(response: Response, store: Store, queue: Queue, settings: SettingsDep) -> Readiness:
    """Say whether database, migrations, broker and disk are in order; 503 when one is not."""
    found = readiness(store, queue, settings)
    response.status_code = 200 if found.ready else 503
    return found
