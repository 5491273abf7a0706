"""Every error as an RFC 9457 problem document: one table from kind to status, one shape for all."""

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
    """The caller accepts none of the media types that there are."""


class Unauthorized(LabError):
    """The key is missing or wrong."""


class BodyIncomplete(LabError):
    """The caller has gone before its body was there."""


class BodyTooLarge(LabError):
    """The body is longer than the service reads."""


class UnsupportedMediaType(LabError):
    """The body is in a format that the service does not read."""


class NotModified(Exception):
    """What the caller has is still true.

    Args:
        etag: of what it has.
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
    """The OpenAPI entries for an operation's answers that are not what was asked for: 304, and problem documents."""
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    document = {"model": ProblemDocument, "content": {PROBLEM_JSON: {"schema": schema}}}
    return {
        status: {"description": HTTPStatus(status).phrase, **(document if status >= 400 else {})} for status in statuses
    }


def install(app: FastAPI) -> None:
    """Make the application answer every error this way."""
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
    """One problem document."""
    document = ProblemDocument(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
        errors=[FieldProblem(**vars(each)) for each in problems],
        errors_omitted=omitted,
    )
    return JSONResponse(
        document.model_dump(exclude=set() if omitted else {"errors_omitted"}),
        status,
        headers={**HEADERS.get(status, {}), **headers},
        media_type=PROBLEM_JSON,
    )


def problem_text(status: int, detail: str, instance: str) -> bytes:
    """A problem document as JSON, for whoever answers outside of the application."""
    document = ProblemDocument(title=HTTPStatus(status).phrase, status=status, detail=detail, instance=instance)
    return document.model_dump_json(exclude={"errors_omitted"}).encode()


def _lab_error(request: Request, error: Any) -> Response:
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    problems, omitted = getattr(error, "problems", ()), getattr(error, "omitted", 0)
    return problem(request, status, str(error), problems=problems, omitted=omitted)


def _invalid_request(request: Request, error: Any) -> Response:
    """Answer for path, query, headers, or a body that is missing; `api.http.bodies` reads those that came."""
    return _lab_error(request, Invalid(*dict.fromkeys(from_pydantic(map(_without_place, error.errors())))))


def _without_place(error: Mapping[str, Any]) -> dict[str, Any]:
    """FastAPI's error without the word for where the field was: body, path, query, header."""
    where, *loc = error["loc"]
    # A repeated parameter has no places: the value says which is meant.
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
    return problem(request, 500, "Something broke on our side; the service's log says what.")
