"""Endpoint of an experiment's event stream (server-sent events)."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Send

from api.http.dependencies import Services, Store
from api.http.errors import documented
from api.live.position import Stage, read_position

router = APIRouter(prefix="/experiments/{experiment_id}", tags=["events"])

EXAMPLE = (
    'event: epochs\ndata: {"experiment_id": "…", "runs": [{"seed": 0, "epochs": [200], '
    '"metrics": {"loss": [0.61]}, "gradients": {"epochs": [200], "layers": {"dense_1": [0.031]}}}]}\n'
    "id: 17.402.1~2x201\n\n"
)
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"example": EXAMPLE}}},
    204: {"description": "the experiment has ended, and the caller has received all of its events"},
}


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


@router.get(
    "/events",
    status_code=200,
    response_class=EventStream,
    responses={**RESPONSES, **documented(401, 404, 422, 503)},
    summary="Stream events",
)
def follow(
    experiment_id: UUID,
    request: Request,
    store: Store,
    last_event_id: Annotated[str | None, Header(description="id of the last event received")] = None,
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
