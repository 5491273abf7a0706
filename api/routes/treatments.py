"""Endpoints of treatments: trainings of changed specs that show which change cures an experiment."""

from typing import Annotated
from uuid import UUID

from fastapi import Body, Query, Request, Response

from api.http.bodies import BodyRoute
from api.http.cursor import Cursor, next_page, read_cursor
from api.http.dependencies import Queue, SettingsDep, Store, etag_of
from api.http.errors import documented
from api.http.router import api_router
from api.responses.treatments import state_of, treatment_response
from api.routes.experiments import IdempotencyKey
from core.use_cases import treatments
from gradlab.schemas.treatments import TreatmentRequest, TreatmentResponse, TreatmentsResponse

router = api_router("treatments", "/experiments/{experiment_id}/treatments", route_class=BodyRoute)

EXAMPLES = {
    "by diagnosis": {"summary": "remedies from the diagnosis", "value": {"seeds": 8, "budget": 12}},
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
COMMAND_ERRORS = documented(401, 404, 409, 422, 503)


@router.post(
    "", status_code=202, responses=documented(401, 404, 409, 413, 415, 422, 503), summary="Treat an experiment"
)
def treat(
    experiment_id: UUID,
    response: Response,
    store: Store,
    queue: Queue,
    settings: SettingsDep,
    request: TreatmentBody = TreatmentRequest(),
    idempotency_key: IdempotencyKey = None,
) -> TreatmentResponse:
    """Train treated variants of an experiment that does not learn, and report which change cures it.

    Each variant is triaged, then trained as an ordinary experiment. Single remedies are tried first. Combinations are
    tried only if no single remedy cures. Once a change cures, only smaller changes are tried. All variants are trained
    on the same seeds. They are compared with the untreated spec on these seeds, and with a control: the untreated spec
    on three times as many other seeds.

    A request that repeats an earlier `Idempotency-Key` and body returns the treatment of the earlier request.
    """
    record = treatments.treat(
        experiment_id, request, store=store, queue=queue, settings=settings, idempotency_key=idempotency_key
    )
    response.headers["Location"] = f"/experiments/{experiment_id}/treatments/{record.id}"
    return treatment_response(record)


@router.get("", responses=documented(304, 401, 404, 422, 503), summary="List treatments")
def list_treatments(
    experiment_id: UUID,
    request: Request,
    response: Response,
    store: Store,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
    cursor: Cursor = None,
) -> TreatmentsResponse:
    """List an experiment's treatments, newest first, a page at a time."""
    page = store.treatments.page(experiment_id, limit=limit, before=read_cursor(cursor))
    state = [state_of(record) for record in page.treatments], page.next
    response.headers["ETag"] = etag_of(request, state)
    responses = [treatment_response(record) for record in page.treatments]
    return TreatmentsResponse(treatments=responses, next=next_page(request, page.next))


@router.get("/{treatment_id}", responses=documented(304, 401, 404, 422, 503), summary="Get a treatment")
def get_treatment(
    experiment_id: UUID, treatment_id: UUID, request: Request, response: Response, store: Store
) -> TreatmentResponse:
    """Get a treatment: each trial with its failure rate, effect, signal and cost, and the recommended change."""
    record = treatments.get(experiment_id, treatment_id, store=store)
    response.headers["ETag"] = etag_of(request, state_of(record))
    return treatment_response(record)


@router.post("/{treatment_id}/cancel", responses=COMMAND_ERRORS, summary="Cancel a treatment")
def cancel_treatment(experiment_id: UUID, treatment_id: UUID, store: Store) -> TreatmentResponse:
    """Cancel a treatment and its running experiments. Finished trials are kept, and the treatment can be continued."""
    return treatment_response(treatments.cancel(experiment_id, treatment_id, store=store))


@router.post("/{treatment_id}/continue", responses=COMMAND_ERRORS, summary="Continue a treatment")
def continue_treatment(experiment_id: UUID, treatment_id: UUID, store: Store, queue: Queue) -> TreatmentResponse:
    """Continue a treatment that was cancelled, or failed. Finished trials are not trained again."""
    return treatment_response(treatments.resume(experiment_id, treatment_id, store=store, queue=queue))
