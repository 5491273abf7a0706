"""What happens to an experiment, as it happens."""

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
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"example": EXAMPLE}}},
    204: {"description": "the experiment has ended and the caller has all of it"},
}


class EventStream(StreamingResponse):
    """A stream that lets go of what it holds as soon as its listener has gone."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes]) -> None:
        # What is in between must neither keep nor collect events.
        super().__init__(events, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    async def stream_response(self, send: Send) -> None:
        """Send until it ends or is broken off."""
        async with aclosing(self.body_iterator):  # type: ignore[type-var]
            await super().stream_response(send)


@router.get(
    "/events",
    status_code=200,
    response_class=EventStream,
    responses={**ANSWERS, **documented(401, 404, 422, 503)},
    summary="Follow an experiment",
)
def follow(
    experiment_id: UUID,
    request: Request,
    store: Store,
    last_event_id: Annotated[str | None, Header(description="the id of the last event that came")] = None,
    replay: Annotated[bool, Query(description="whether what is stored already is told first")] = True,
) -> Response:
    """Follow an experiment as server-sent events: what is stored of it already, then everything that comes.

    `status` is the experiment without its spec, `epochs` are metrics and mean absolute gradients of the layers' kernels
    per run, each epoch once and in order, `findings` are the diagnosis in short, at most every few seconds, and after
    `done` nothing follows. Ids rise, and say all that another process needs to go on where a stream broke off. A
    listener that is slow is told everything at its own pace.
    """
    experiment = store.get(experiment_id)
    had = read_position(last_event_id, len(experiment.runs))
    if had and had.stage is Stage.done and had.revision == experiment.revision:
        return Response(status_code=204)
    services: Services = request.app.state.services
    return EventStream(services.live.stream(experiment_id, last_event_id, replay=replay))
