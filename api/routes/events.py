"""Endpoints of the event streams of experiments and studies (server-sent events)."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any
from uuid import UUID

from fastapi import Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Send

from api.http.dependencies import Services, Store
from api.http.errors import documented
from api.http.router import api_router
from api.live.position import Stage, read_position
from api.live.study_feed import read_study_position

router = api_router("events")

EXAMPLE = (
    'event: epochs\ndata: {"experiment_id": "…", "runs": [{"seed": 0, "epochs": [200], '
    '"metrics": {"loss": [0.61]}, "gradients": {"epochs": [200], "layers": {"dense_1": [0.031]}}}]}\n'
    "id: 17.402.1~2x201\n\n"
)
STUDY_EXAMPLE = (
    'event: cells\ndata: {"study_id": "…", "cells": [{"position": 3, "values": {"depth": 4}, "status": "completed"}]}\n'
    "id: 41.310\n\n"
)
LastEventId = Annotated[str | None, Header(description="id of the last event received")]


class EventStream(StreamingResponse):
    """Response that closes its event generator as soon as the listener disconnects."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes]) -> None:
        # Proxies must neither cache nor buffer events.
        super().__init__(events, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    async def stream_response(self, send: Send) -> None:
        """Send events until the stream ends or the listener disconnects."""
        async with aclosing(self.body_iterator):  # type: ignore[type-var]
            await super().stream_response(send)


def _responses(example: str, of: str) -> dict[int | str, dict[str, Any]]:
    return {
        200: {"content": {"text/event-stream": {"example": example}}},
        204: {"description": f"the {of} has ended, and the caller has received all of its events"},
        **documented(401, 404, 422, 503),
    }


@router.get(
    "/experiments/{experiment_id}/events",
    status_code=200,
    response_class=EventStream,
    responses=_responses(EXAMPLE, "experiment"),
    summary="Stream events",
)
def follow(
    experiment_id: UUID,
    request: Request,
    store: Store,
    last_event_id: LastEventId = None,
    replay: Annotated[bool, Query(description="true: stored epochs are sent first")] = True,
) -> Response:
    """Stream an experiment as server-sent events: stored epochs first, then new ones as they are recorded.

    `status` events hold the experiment without its spec. `epochs` events hold, for each run, metrics and the mean
    absolute gradients of the layers' kernels; each epoch is sent once and in order. `findings` events hold a short
    form of the diagnosis, at most every few seconds. `done` is the last event.

    Ids rise. Send the last one received as `Last-Event-ID` to resume after a disconnect, on any process of the service.
    A slow listener receives every event at its own pace.
    """
    experiment = store.get(experiment_id)
    position = read_position(last_event_id, len(experiment.runs))
    if position and position.stage is Stage.done and position.revision == experiment.revision:
        return Response(status_code=204)
    services: Services = request.app.state.services
    return EventStream(services.live.stream(experiment_id, last_event_id, replay=replay))


@router.get(
    "/studies/{study_id}/events",
    status_code=200,
    response_class=EventStream,
    responses=_responses(STUDY_EXAMPLE, "study"),
    summary="Stream events of a study",
)
def follow_study(
    study_id: UUID,
    request: Request,
    store: Store,
    last_event_id: LastEventId = None,
    replay: Annotated[bool, Query(description="true: all cells are sent first")] = True,
) -> Response:
    """Stream a study as server-sent events: all cells first, then those that change, as they do.

    `cells` events hold cells as rows of the table: a row replaces an earlier one of its position. `status` events hold
    the study as in the list, with its progress. `done` is the last event: the study has ended, and no cell is trained.
    The stream of a paused study goes on.

    Ids do not fall. Send the last one received as `Last-Event-ID` to resume after a disconnect, on any process of the
    service. A slow listener receives cells as they are by then, and not each of their states. With `replay=false` read
    the table after the first `status` event: no change between them is lost.
    """
    record = store.studies.get(study_id)
    position = read_study_position(last_event_id)
    if position and position.is_last and position.state == record.state:
        return Response(status_code=204)
    services: Services = request.app.state.services
    return EventStream(services.live_studies.stream(study_id, last_event_id, replay=replay))
