"""What can be asked for."""

from fastapi import APIRouter, Request, Response

from api.http.dependencies import etag_of
from api.http.errors import documented
from core.catalogue import catalogue
from gradlab.schemas.catalogue import CatalogueResponse

router = APIRouter(tags=["catalogue"])


@router.get("/catalogue", responses=documented(304, 401, 422), summary="What can be asked")
def get_catalogue(request: Request, response: Response) -> CatalogueResponse:
    """List datasets, layers, activations, initialisers, optimisers, losses and statistics, with their parameters."""
    response.headers["ETag"] = etag_of(request, "catalogue")
    return catalogue()
