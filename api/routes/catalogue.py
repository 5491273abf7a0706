"""Endpoint of the catalogue: everything that a spec, or a query for series, may name."""

from fastapi import Request, Response

from api.http.dependencies import etag_of
from api.http.errors import documented
from api.http.router import api_router
from core.catalogue import catalogue
from gradlab.schemas.catalogue import CatalogueResponse

router = api_router("catalogue")


@router.get("/catalogue", responses=documented(304, 401, 422), summary="Get the catalogue")
def get_catalogue(request: Request, response: Response) -> CatalogueResponse:
    """List everything that a spec may name, with its parameters: datasets, layers, activations, optimisers, losses, ...

    The catalogue also lists the kinds of series with their statistics, the rules of the diagnosis, and the remedies.
    """
    response.headers["ETag"] = etag_of(request, "catalogue")
    return catalogue()
