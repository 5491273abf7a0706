"""Error responses: each is an RFC 9457 problem document; a table maps error classes to statuses."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from gradlab.errors import Conflict, DiskFull, Invalid, LabError, NotFound, Problem, Unavailable, is_full
from gradlab.schemas.media_types import PROBLEM_JSON
from gradlab.schemas.problem import FieldProblem, ProblemDocument
from gradlab.spec.problems import from_pydantic

RETRY_AFTER_SECONDS = "5"


class NotAcceptable(LabError):
    """The client accepts none of the available media types."""


class Unauthorized(LabError):
    """The API key is missing or wrong."""


class BodyIncomplete(LabError):
    """The client disconnected before its body was complete."""


class BodyTooLarge(LabError):
    """The body exceeds the limit."""


class UnsupportedMediaType(LabError):
    """The body has a format that the service does not accept."""


class NotModified(Exception):
    """The client's cached response is current.

    Args:
        etag: its ETag.
    """

    def __init__(self, etag: str) -> None:
        self.etag = etag


STATUS: dict[type[LabError], int] = {
    BodyIncomplete: 400,
    Unauthorized: 401,
    NotFound: 404,
    NotAcceptable: 406,
    Conflict: 409,
    BodyTooLarge: 413,
    UnsupportedMediaType: 415,
    Invalid: 422,
    Unavailable: 503,
}
HEADERS: dict[int, dict[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    503: {"Retry-After": RETRY_AFTER_SECONDS},
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses of an operation: 304, and problem documents."""
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    document = {"model": ProblemDocument, "content": {PROBLEM_JSON: {"schema": schema}}}
    return {
        status: {"description": HTTPStatus(status).phrase, **(document if status >= 400 else {})} for status in statuses
    }


def install(app: FastAPI) -> None:
    """Install the handlers that turn every error into a problem document."""
    app.add_exception_handler(LabError, _lab_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(NotModified, _not_modified)
    app.add_exception_handler(Exception, _unexpected)


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    problems: tuple[Problem, ...] = (),
    omitted: int = 0,
    headers: Mapping[str, str] = {},
) -> Response:
    """Build a response with a problem document."""
    document = ProblemDocument(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
        errors=[FieldProblem(**vars(problem)) for problem in problems],
        errors_omitted=omitted,
    )
    return JSONResponse(
        document.model_dump(exclude=set() if omitted else {"errors_omitted"}),
        status,
        headers={**HEADERS.get(status, {}), **headers},
        media_type=PROBLEM_JSON,
    )


def problem_text(status: int, detail: str, instance: str) -> bytes:
    """Build a problem document as JSON, for the server's responses outside of the application."""
    document = ProblemDocument(title=HTTPStatus(status).phrase, status=status, detail=detail, instance=instance)
    return document.model_dump_json(exclude={"errors_omitted"}).encode()


def _lab_error(request: Request, error: Any) -> Response:
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    problems, omitted = getattr(error, "problems", ()), getattr(error, "omitted", 0)
    return problem(request, status, str(error), problems=problems, omitted=omitted)


def _invalid_request(request: Request, error: Any) -> Response:
    """Handle invalid paths, queries and headers, and missing bodies. `api.http.bodies` validates bodies."""
    return _lab_error(request, Invalid(*dict.fromkeys(from_pydantic(map(_without_place, error.errors())))))


def _without_place(error: Mapping[str, Any]) -> dict[str, Any]:
    """Remove the first item of the location: body, path, query or header."""
    where, *loc = error["loc"]
    # The index of a repeated parameter is removed: the value identifies it.
    return {**error, "loc": tuple(loc[:1] if where == "query" else loc)}


def _http_error(request: Request, error: Any) -> Response:
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(request.app.state.methods.of(request.scope["path"]))
    return problem(request, error.status_code, str(error.detail), headers=headers)


def _not_modified(_: Request, error: Any) -> Response:
    return Response(status_code=304, headers={"ETag": error.etag, "Vary": "Accept"})


def _unexpected(request: Request, error: Exception) -> Response:
    if is_full(error):
        return problem(request, 503, str(DiskFull()))
    return problem(request, 500, "The service failed to handle the request; its log has the details.")
