"""Endpoint that lists the treatments of all experiments."""

from typing import Annotated

from fastapi import Query, Request, Response

from api.http.bodies import BodyRoute
from api.http.cursor import Cursor, next_page, read_cursor
from api.http.dependencies import Store, etag_of
from api.http.errors import documented
from api.http.router import api_router
from api.responses.treatments import state_of, treatment_summary_response
from gradlab.schemas.status import TreatmentStatus
from gradlab.schemas.treatments import TreatmentSummariesResponse

router = api_router("treatments", "/treatments", route_class=BodyRoute)


@router.get("", responses=documented(304, 401, 422, 503), summary="List the treatments of all experiments")
def list_all_treatments(
    request: Request,
    response: Response,
    store: Store,
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
    cursor: Cursor = None,
    status: Annotated[list[TreatmentStatus], Query(max_length=20, description="repeatable; all by default")] = [],
) -> TreatmentSummariesResponse:
    """List the treatments of all experiments, newest first, a page at a time: what cures, and how many trials ran."""
    page = store.treatments.page(limit=limit, before=read_cursor(cursor), statuses=status)
    response.headers["ETag"] = etag_of(request, ([state_of(record) for record in page.treatments], page.next))
    summaries = [treatment_summary_response(record) for record in page.treatments]
    return TreatmentSummariesResponse(treatments=summaries, next=next_page(request, page.next))
