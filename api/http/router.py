"""Routers of the API: endpoints whose requests are checked alike."""

from fastapi import APIRouter
from fastapi.routing import APIRoute

from api.http.dependencies import KeyCheck
from api.http.query import QueryCheck


def api_router(
    tag: str, prefix: str = "", *, route_class: type[APIRoute] = APIRoute, needs_key: bool = True
) -> APIRouter:
    """Create a router whose routes check the API key and the query.

    The routes are complete: the application takes them as its own. For each request, FastAPI matches the routes of an
    included router twice.

    Args:
        tag: of its operations in the description.
        prefix: of the paths of its routes.
        route_class: reads the bodies of its requests.
        needs_key: False for routes that are open without the key.
    """
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        dependencies=[KeyCheck, QueryCheck] if needs_key else [QueryCheck],
        route_class=route_class,
        generate_unique_id_function=lambda route: route.name,
    )
