"""Endpoints of uploaded weights: upload, list, get, download, delete."""

from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import Path, Query, Request, Response
from fastapi.responses import FileResponse

from api.http.cursor import Cursor, next_page, read_cursor
from api.http.dependencies import ServicesDep, Store, etag_of
from api.http.errors import UnsupportedMediaType, documented
from api.http.negotiation import media_type
from api.http.router import api_router
from api.responses.weights import weights_list_response, weights_response
from api.uploads import receiving
from core.use_cases import weights
from core.weights import WeightsCheck
from gradlab.frozen import UPLOAD_ID, Name
from gradlab.schemas.media_types import BINARY, SAFETENSORS
from gradlab.schemas.weights import WeightsListResponse, WeightsResponse

router = api_router("weights", "/weights")

WeightsId = Annotated[str, Path(pattern=UPLOAD_ID, description="`sha256:` and the file's SHA-256")]
MEDIA_TYPES = (SAFETENSORS, BINARY)
CONTENT: dict[str, Any] = {each: {"schema": {"type": "string", "format": "binary"}} for each in MEDIA_TYPES}
UPLOADED: dict[int | str, dict[str, Any]] = {
    200: {"model": WeightsResponse, "description": "The same bytes were uploaded before"}
}
DOWNLOADED: dict[int | str, dict[str, Any]] = {
    200: {"content": {SAFETENSORS: CONTENT[SAFETENSORS]}, "description": "The file, as it was uploaded"}
}


@router.post(
    "",
    status_code=201,
    responses=UPLOADED | documented(400, 401, 413, 415, 422, 503),
    openapi_extra={"requestBody": {"required": True, "content": CONTENT}},
    summary="Upload initial weights",
)
async def upload_weights(
    request: Request,
    response: Response,
    services: ServicesDep,
    name: Annotated[Name | None, Query(description="their name in lists; by default digits of their hash")] = None,
) -> WeightsResponse:
    """Upload the weights of a network as the body of the request: a safetensors file of float32 tensors.

    A tensor's name is `LAYER/TENSOR`, with the names of layers and tensors that `POST /experiments/validate` returns:
    `dense_1/kernel`; the running averages of a batch normalisation are `moving_mean` and `moving_variance`. The header
    and the numbers are checked while they arrive. The id is the hash of the bytes, and a spec names it as
    `training.initial_weights.id`.
    """
    if media_type(request.headers.get("Content-Type", "")) not in MEDIA_TYPES:
        raise UnsupportedMediaType(f"send the file itself, with {SAFETENSORS} as its Content-Type")
    check = WeightsCheck()
    with receiving.opened(services.settings.data_dir, check, services.uploads) as received:
        await receiving.receive(request, received)
        record, is_new = await run_sync(
            lambda: weights.receive(
                received.file,
                received.digest,
                name=name or f"weights {received.digest[:8]}",
                size=received.size,
                check=check,
                store=services.store,
                blobs=services.blobs,
            )
        )
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/weights/{record.id}"
    return weights_response(record)


@router.get("", responses=documented(304, 401, 422, 503), summary="List initial weights")
def list_weights(
    request: Request,
    response: Response,
    store: Store,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Cursor = None,
) -> WeightsListResponse:
    """List uploaded weights, newest first, a page at a time."""
    page = store.weights.page(limit=limit, before=read_cursor(cursor))
    response.headers["ETag"] = etag_of(request, ([each.id for each in page.weights], page.next))
    return weights_list_response(page, next_page(request, page.next))


@router.get("/{weights_id}", responses=documented(304, 401, 404, 422, 503), summary="Get initial weights")
def get_weights(weights_id: WeightsId, request: Request, response: Response, store: Store) -> WeightsResponse:
    """Get uploaded weights: the name and the shape of each tensor."""
    record = store.weights.get(weights_id)
    response.headers["ETag"] = etag_of(request, (record.id, record.created_at))
    return weights_response(record)


@router.get(
    "/{weights_id}/file",
    responses=DOWNLOADED | documented(401, 404, 422, 503),
    response_class=FileResponse,
    summary="Get the file of initial weights",
)
def get_file(weights_id: WeightsId, services: ServicesDep) -> FileResponse:
    """Get the file of uploaded weights, byte by byte as it was sent."""
    path = weights.file_of(weights_id, store=services.store, blobs=services.blobs)
    return FileResponse(path, media_type=SAFETENSORS, filename="weights.safetensors")


@router.delete(
    "/{weights_id}", status_code=204, responses=documented(401, 404, 409, 422, 503), summary="Delete initial weights"
)
def delete_weights(weights_id: WeightsId, store: Store) -> None:
    """Delete uploaded weights. Those that specs name are refused with 409 and their experiments."""
    weights.delete(weights_id, store=store)
