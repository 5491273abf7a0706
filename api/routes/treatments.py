"""Which change cures an experiment, found out by training."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request, Response

from api.http.bodies import BodyRoute
from api.http.cursor import read_cursor, write_cursor
from api.http.dependencies import Queue, SettingsDep, Store, etag_of
from api.http.errors import documented
from api.responses.treatments import state_of, treatment_response
from api.routes.experiments import IdempotencyKey
from core.use_cases import treatments
from gradlab.schemas.treatments import TreatmentRequest, TreatmentResponse, TreatmentsResponse

router = APIRouter(prefix="/experiments/{experiment_id}/treatments", tags=["treatments"], route_class=BodyRoute)

EXAMPLES = {
    "by diagnosis": {"summary": "what the diagnosis names", "value": {"seeds": 8, "budget": 12}},
    "chosen": {
        "summary": "chosen remedies, the last two together",
        "value": {
            "remedies": ["initializer_for_activation", ["activation_relu", "optimizer_adam"]],
            "seeds": 32,
            "budget": 2,
        },
    },
}
TreatmentBody = Annotated[TreatmentRequest, Body(openapi_examples=EXAMPLES)]
ChangesErrors = documented(401, 404, 409, 422, 503)


@router.post("", status_code=202, responses=documented(401, 404, 409, 413, 415, 422, 503), summary="Treat")
def treat(
    experiment_id: UUID,
    response: Response,
    store: Store,
    queue: Queue,
    settings: SettingsDep,
    request: TreatmentBody = TreatmentRequest(),
    idempotency_key: IdempotencyKey = None,
) -> TreatmentResponse:
    """Train treated variants of an experiment that does not learn, and say which change cures it.

    Every variant is an ordinary experiment, and goes through triage first. Single changes come before combinations,
    which are tried only where no single one cures; as soon as one cures, only smaller ones are tried. All are trained
    on the same seeds, and compared with the untreated spec on these and, as a control, on three times as many others.
    With an `Idempotency-Key` that was sent before to this experiment with the same body, the answer is the treatment
    that it began then.
    """
    record = treatments.treat(
        experiment_id, request, store=store, queue=queue, settings=settings, idempotency_key=idempotency_key
    )
    response.headers["Location"] = f"/experiments/{experiment_id}/treatments/{record.id}"
    return treatment_response(record)


@router.get("", responses=documented(304, 401, 404, 422, 503), summary="List")
def list_treatments(
    experiment_id: UUID,
    request: Request,
    response: Response,
    store: Store,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
    cursor: Annotated[str | None, Query(description="from the `next` of the page before")] = None,
) -> TreatmentsResponse:
    """List an experiment's treatments, newest first, a page at a time."""
    found = store.treatments.page(experiment_id, limit=limit, before=read_cursor(cursor))
    state = [state_of(each) for each in found.treatments], found.next
    response.headers["ETag"] = etag_of(request, state)
    answers, following = [treatment_response(each) for each in found.treatments], None
    if found.next is not None:
        url = request.url.include_query_params(cursor=write_cursor(found.next))
        following = f"{url.path}?{url.query}"
    return TreatmentsResponse(treatments=answers, next=following)


@router.get("/{treatment_id}", responses=documented(304, 401, 404, 422, 503), summary="Look")
def get_treatment(
    experiment_id: UUID, treatment_id: UUID, request: Request, response: Response, store: Store
) -> TreatmentResponse:
    """Look at a treatment: every trial with its failure rate, effect, signal and cost, and what is recommended."""
    record = treatments.get(experiment_id, treatment_id, store=store)
    response.headers["ETag"] = etag_of(request, state_of(record))
    return treatment_response(record)


@router.post("/{treatment_id}/cancel", responses=ChangesErrors, summary="Cancel")
def cancel_treatment(experiment_id: UUID, treatment_id: UUID, store: Store) -> TreatmentResponse:
    """Cancel a treatment with the experiments that it waits for. What is finished is kept, and can be continued."""
    return treatment_response(treatments.cancel(experiment_id, treatment_id, store=store))


@router.post("/{treatment_id}/continue", responses=ChangesErrors, summary="Continue")
def continue_treatment(experiment_id: UUID, treatment_id: UUID, store: Store, queue: Queue) -> TreatmentResponse:
    """Continue a treatment that was cancelled, or failed. What is finished is not trained again."""
    return treatment_response(treatments.resume(experiment_id, treatment_id, store=store, queue=queue))
