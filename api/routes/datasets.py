"""Endpoints of uploaded datasets: upload, list, get, profile, delete."""

from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import Path, Query, Request, Response

from api.http.cursor import Cursor, next_page, read_cursor
from api.http.dependencies import ServicesDep, Store, etag_of
from api.http.errors import UnsupportedMediaType, documented
from api.http.negotiation import media_type
from api.http.router import api_router
from api.responses.datasets import dataset_response, datasets_response, points_response
from api.uploads import receiving
from core.samples.heads import HeadCheck
from core.use_cases import datasets
from gradlab.frozen import UPLOAD_ID, Name
from gradlab.profile import Profile
from gradlab.schemas.datasets import DatasetResponse, DatasetsResponse, FileFormat, PointsResponse
from gradlab.schemas.status import DatasetStatus

router = api_router("datasets", "/datasets")

DatasetId = Annotated[str, Path(pattern=UPLOAD_ID, description="`sha256:` and the file's SHA-256")]
# What senders name the formats by, beside their own media types.
ALIASES = {
    "application/parquet": FileFormat.parquet,
    "application/x-parquet": FileFormat.parquet,
    "application/csv": FileFormat.csv,
    "application/npz": FileFormat.npz,
}
FORMATS = {each.media_type: each for each in FileFormat} | ALIASES
BODY = {
    "required": True,
    "content": {each.media_type: {"schema": {"type": "string", "format": "binary"}} for each in FileFormat},
}
UPLOADED: dict[int | str, dict[str, Any]] = {
    200: {"model": DatasetResponse, "description": "The same bytes were uploaded before, and are ready"}
}


@router.post(
    "",
    status_code=202,
    responses=UPLOADED | documented(400, 401, 413, 415, 422, 503),
    openapi_extra={"requestBody": BODY},
    summary="Upload a dataset",
)
async def upload(
    request: Request,
    response: Response,
    services: ServicesDep,
    name: Annotated[Name | None, Query(description="its name in lists; by default its format and digits")] = None,
) -> DatasetResponse:
    """Upload a file of samples as the body of the request: CSV, Parquet, or NPZ.

    The id is the hash of the bytes: the same file twice is one dataset. Its first bytes are checked while it arrives.
    Then it is read and profiled by a process without a network; poll the dataset until its `status` is `ready`, or
    `refused` with a problem. Specs may name it as soon as it is ready. The file itself is deleted then.

    A CSV file is UTF-8, separated by commas, semicolons or tabs, and names its columns in the first line. A Parquet
    file has flat columns and no encryption. An NPZ file holds arrays such as `x`, `y`, `x_val`, `y_val`, never Python
    objects.
    """
    file_format = _format(request)
    await run_sync(services.checker.parser.warm)
    check = HeadCheck(file_format)
    with receiving.opened(services.settings.data_dir, check, services.uploads) as received:
        await receiving.receive(request, received)
        name = name or f"{file_format} {received.digest[:8]}"
        record, is_due = await run_sync(
            lambda: datasets.receive(
                received.file,
                received.digest,
                name=name,
                format=file_format,
                size=received.size,
                store=services.store,
                blobs=services.blobs,
            )
        )
    if is_due:
        services.checker.notice()
    response.status_code = 202 if record.status is DatasetStatus.checking else 200
    response.headers["Location"] = f"/datasets/{record.id}"
    return dataset_response(record)


@router.get("", responses=documented(304, 401, 422, 503), summary="List datasets")
def list_datasets(
    request: Request,
    response: Response,
    store: Store,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Cursor = None,
) -> DatasetsResponse:
    """List uploaded datasets, newest first, a page at a time."""
    page = store.datasets.page(limit=limit, before=read_cursor(cursor))
    response.headers["ETag"] = etag_of(request, ([(each.id, each.updated_at) for each in page.datasets], page.next))
    return datasets_response(page, next_page(request, page.next))


@router.get("/{dataset_id}", responses=documented(304, 401, 404, 422, 503), summary="Get a dataset")
def get_dataset(dataset_id: DatasetId, request: Request, response: Response, store: Store) -> DatasetResponse:
    """Get an uploaded dataset: its status, its columns, and why it was refused."""
    record = store.datasets.get(dataset_id)
    response.headers["ETag"] = etag_of(request, (record.id, record.status, record.updated_at))
    return dataset_response(record)


@router.get(
    "/{dataset_id}/profile", responses=documented(304, 401, 404, 409, 422, 503), summary="Get a dataset's profile"
)
def get_profile(dataset_id: DatasetId, request: Request, response: Response, store: Store) -> Profile:
    """Get what a dataset looks like, how it may be trained on, and what about it breaks trainings."""
    profile = store.datasets.profile(dataset_id)
    response.headers["ETag"] = etag_of(request, dataset_id)
    return profile


@router.get(
    "/{dataset_id}/points", responses=documented(304, 401, 404, 409, 422, 503), summary="Get points of a dataset"
)
def get_points(dataset_id: DatasetId, request: Request, response: Response, services: ServicesDep) -> PointsResponse:
    """Get some rows of a dataset whose proposed features are two numbers, with their targets, for a scatter plot."""
    response.headers["ETag"] = etag_of(request, dataset_id)
    return points_response(datasets.points(dataset_id, store=services.store, blobs=services.blobs))


@router.delete(
    "/{dataset_id}", status_code=204, responses=documented(401, 404, 409, 422, 503), summary="Delete a dataset"
)
def delete_dataset(dataset_id: DatasetId, services: ServicesDep) -> None:
    """Delete an uploaded dataset with its bytes. One that specs name is refused with 409 and their experiments."""
    datasets.delete(dataset_id, store=services.store, blobs=services.blobs)


def _format(request: Request) -> FileFormat:
    """Return the format that the request names. Raises UnsupportedMediaType."""
    file_format = FORMATS.get(media_type(request.headers.get("Content-Type", "")))
    if file_format is None:
        names = ", ".join(each.media_type for each in FileFormat)
        raise UnsupportedMediaType(f"send the file itself, with one of these as its Content-Type: {names}")
    return file_format
