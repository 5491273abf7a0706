"""Endpoints of studies: questions over axes of a spec, each answered by many experiments."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Query, Request, Response

from api.http.bodies import StudyRoute
from api.http.cursor import Cursor, next_page, read_cursor
from api.http.dependencies import Queue, SettingsDep, Store, etag_of, preferred
from api.http.errors import documented
from api.http.router import api_router
from api.responses.studies import (
    flat_rows,
    studies_response,
    study_response,
    table_json,
    table_response,
    validation_response,
)
from api.routes.experiments import EXAMPLE as BASE
from api.routes.experiments import IdempotencyKey
from core.study import StudyRecord
from core.use_cases import studies
from core.use_cases.study_checks import study_of, validated
from gradlab.schemas.media_types import CSV, JSON, PARQUET
from gradlab.schemas.status import StudyStatus
from gradlab.schemas.studies import (
    StudiesResponse,
    StudyExtensionRequest,
    StudyRequest,
    StudyResponse,
    StudyTableResponse,
    StudyValidationResponse,
)
from gradlab.series.files import to_csv

router = api_router("studies", "/studies", route_class=StudyRoute)

DEPTH = {"knob": "depth", "range": {"first": 1, "last": 10}}
RATE = {"knob": "learning_rate", "log_uniform": [1e-4, 1]}
EXAMPLES = {
    "depth by width": {
        "summary": "a grid of depths and widths, five seeds each",
        "value": {
            "name": "depth by width",
            "base": BASE,
            "axes": [DEPTH, {"knob": "width", "values": [5, 10, 15, 20, 25]}],
            "seeds": [0, 1, 2, 3, 4],
        },
    },
    "search": {
        "summary": "a search for depth and learning rate",
        "value": {
            "name": "depth and rate",
            "base": BASE,
            "axes": [{"knob": "depth", "uniform": [1, 10]}, RATE],
            "search": {"kind": "random", "seed": 0},
            "seeds": [0, 1],
            "budget": {"trainings": 40},
        },
    },
}
StudyBody = Annotated[StudyRequest, Body(openapi_examples=EXAMPLES)]
EXTENSION = {"more seeds": {"summary": "two further seeds of each cell", "value": {"seeds": [5, 6]}}}
ExtensionBody = Annotated[StudyExtensionRequest, Body(openapi_examples=EXTENSION)]
COMMAND_ERRORS = documented(401, 404, 409, 422, 503)
BODY_ERRORS = documented(401, 404, 409, 413, 415, 422, 503)


@router.post("", status_code=202, responses=BODY_ERRORS, summary="Begin a study")
def begin_study(
    request: StudyBody,
    response: Response,
    store: Store,
    queue: Queue,
    settings: SettingsDep,
    idempotency_key: IdempotencyKey = None,
) -> StudyResponse:
    """Train a base spec at many points of its axes, each as an ordinary experiment that yields to single ones.

    A point that was trained before with the same spec, seeds and versions is not trained again. A request that repeats
    an earlier `Idempotency-Key` and body returns the study of the earlier request.
    """
    spec = study_of(request, store=store)
    record = studies.begin(spec, store=store, queue=queue, settings=settings, idempotency_key=idempotency_key)
    response.headers["Location"] = f"/studies/{record.id}"
    return _response(record, store)


@router.post("/validate", responses=BODY_ERRORS, summary="Validate a study")
def validate_study(request: StudyBody, store: Store, settings: SettingsDep) -> StudyValidationResponse:
    """Validate a study, count its cells and estimate the time of its trainings. Nothing is stored or queued."""
    return validation_response(validated(study_of(request, store=store), store=store, settings=settings))


@router.get("", responses=documented(304, 401, 422, 503), summary="List studies")
def list_studies(
    request: Request,
    response: Response,
    store: Store,
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
    cursor: Cursor = None,
    status: Annotated[list[StudyStatus], Query(max_length=20, description="repeatable; all by default")] = [],
) -> StudiesResponse:
    """List studies, newest first, a page at a time."""
    page = store.studies.page(limit=limit, before=read_cursor(cursor), statuses=status)
    response.headers["ETag"] = etag_of(request, ([(each.id, each.state) for each in page.studies], page.next))
    return studies_response(page, next=next_page(request, page.next))


@router.get("/{study_id}", responses=documented(304, 401, 404, 422, 503), summary="Get a study")
def get_study(study_id: UUID, request: Request, response: Response, store: Store) -> StudyResponse:
    """Get a study: its question, its progress, and its best cell."""
    record = store.studies.get(study_id)
    response.headers["ETag"] = etag_of(request, record.state)
    return _response(record, store)


@router.get(
    "/{study_id}/table",
    response_model=StudyTableResponse,
    responses={200: {"content": {CSV: {}, PARQUET: {}}}, **documented(304, 401, 404, 406, 422, 503)},
    summary="Get the table of a study",
)
def get_study_table(study_id: UUID, request: Request, response: Response, store: Store) -> Any:
    """Get one row for each cell: its point, its state, median and quartiles of the metric, failing share, diagnosis.

    As JSON, CSV or Parquet, by `Accept`.
    """
    media_type = preferred(request, (JSON, CSV, PARQUET))
    record = store.studies.get(study_id)
    headers = {"ETag": etag_of(request, record.state), "Vary": "Accept"}
    cells = store.studies.cells(study_id)
    if media_type == JSON:
        return Response(table_json(record, cells), media_type=JSON, headers=headers)
    table = table_response(record, cells)
    if media_type == CSV:
        content: str | bytes = to_csv(flat_rows(table))
    else:
        from api.export.rows import parquet_of  # PyArrow's import takes a quarter of a second

        content = parquet_of(flat_rows(table))
    file = f"{study_id}-table.{'csv' if media_type == CSV else 'parquet'}"
    headers["Content-Disposition"] = f'inline; filename="{file}"'
    return Response(content, media_type=media_type, headers=headers)


@router.post("/{study_id}/pause", responses=COMMAND_ERRORS, summary="Pause a study")
def pause_study(study_id: UUID, store: Store) -> StudyResponse:
    """Pause a study: no further cell begins. Cells that have begun are trained to their end."""
    return _response(studies.pause(study_id, store=store), store)


@router.post("/{study_id}/cancel", responses=COMMAND_ERRORS, summary="Cancel a study")
def cancel_study(study_id: UUID, store: Store) -> StudyResponse:
    """Cancel a study and its running cells. Finished cells are kept, and the study can be continued."""
    return _response(studies.cancel(study_id, store=store), store)


@router.post("/{study_id}/continue", responses=COMMAND_ERRORS, summary="Continue a study")
def continue_study(study_id: UUID, store: Store, queue: Queue) -> StudyResponse:
    """Continue a study that was paused or cancelled, or has failed. Finished cells are not trained again."""
    return _response(studies.resume(study_id, store=store, queue=queue), store)


@router.post("/{study_id}/extend", responses=BODY_ERRORS, summary="Extend a study")
def extend_study(
    study_id: UUID, request: ExtensionBody, store: Store, queue: Queue, settings: SettingsDep
) -> StudyResponse:
    """Extend a study by seeds of every cell, by values of its axes, or by another budget. What is trained stays."""
    return _response(studies.extend(study_id, request, store=store, queue=queue, settings=settings), store)


@router.delete("/{study_id}", status_code=204, responses=documented(401, 404, 422, 503), summary="Delete a study")
def delete_study(study_id: UUID, store: Store) -> None:
    """Delete a study. The finished experiments of its cells are kept; waiting ones are deleted, running ones stop."""
    studies.delete(study_id, store=store)


def _response(record: StudyRecord, store: Store) -> StudyResponse:
    return study_response(record, store.studies.best(record.id))
