"""Endpoints of exports: all series as one file for TensorBoard, data frames or NumPy; and networks for Keras."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request
from fastapi.responses import StreamingResponse

from api.export.arrays import arrays
from api.export.network import keras_file
from api.export.source import Source
from api.export.tensorboard import log_directory
from api.http.dependencies import ETag, ServicesDep, Store, etag_of
from api.http.errors import documented
from api.http.outflow import zipped
from api.http.router import api_router
from api.routes.series import MAX_NAMES, Seeds
from core.records import Experiment
from gradlab.schemas.media_types import NPZ

router = api_router("exports", "/experiments/{experiment_id}")

ZIP, PARQUET, KERAS = "application/zip", "application/vnd.apache.parquet", "application/vnd.keras+zip"
Kinds = Annotated[
    list[str], Query(max_length=MAX_NAMES, description="repeatable: metrics, gradients, weights, ...; all by default")
]


KeptEpoch = Annotated[
    int | None, Query(ge=0, le=2**31 - 1, description="0 or the run's last epoch; the last by default")
]


def responses(media_type: str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses of an export."""
    file = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"content": {media_type: file}}, **documented(304, 401, 404, 422, 503)}


def export_source(
    request: Request, experiment_id: UUID, services: ServicesDep, seed: Seeds = [], kind: Kinds = []
) -> tuple[Source, str]:
    """Source of an export, the chosen series of the chosen runs; and the entity tag of its state.

    Raises:
        NotFound: there is no such experiment.
        NotModified: the client has a current export.
        Invalid: a seed or a kind is unknown.
    """
    store = services.store
    with store.reading_together():
        etag = etag_of(request, store.revision(experiment_id))
        source = Source.of(store, store.get(experiment_id), seeds=seed, kinds=kind, load=services.load)
    return source, etag


Exported = Annotated[tuple[Source, str], Depends(export_source)]


@router.get(
    "/tensorboard.zip",
    response_class=StreamingResponse,
    responses=responses(ZIP),
    summary="Export a TensorBoard log directory",
)
def export_tensorboard(exported: Exported) -> StreamingResponse:
    """Export event files for TensorBoard, one folder for each seed. Unpack them, then run `tensorboard --logdir .`.

    Metrics and the statistics of gradients, weights, activations and signals are scalars; a step is an epoch.
    Histograms of gradients and weights have the names that `write_grads=True` gave them in TensorFlow 1
    (`dense_1/kernel_0_grad`), so that the filter `kernel` selects them. Signals per time step are left out.
    """
    source, etag = exported
    pieces = zipped(log_directory(source), at=source.began, compressed=True)
    return _download(pieces, source.experiment, "tensorboard.zip", ZIP, etag)


@router.get(
    "/series.npz", response_class=StreamingResponse, responses=responses(NPZ), summary="Export all series as NPZ"
)
def export_npz(exported: Exported) -> StreamingResponse:
    """Export all series as named float32 arrays, bit for bit: `{kind}_0` (epochs, tensors, columns) for the first seed.

    `epochs_{kind}_0` holds the epochs of its rows. `layers_{kind}`, `parameters_{kind}`, `columns_{kind}` and
    `names_metrics` name the other axes; `seeds` lists the runs.
    """
    source, etag = exported
    pieces = zipped(arrays(source), at=source.began, compressed=False)
    return _download(pieces, source.experiment, "series.npz", NPZ, etag)


@router.get(
    "/series.parquet",
    response_class=StreamingResponse,
    responses=responses(PARQUET),
    summary="Export all series as Parquet",
)
def export_parquet(exported: Exported) -> StreamingResponse:
    """Export all series as one tidy table: `seed`, `epoch`, `kind`, `layer`, `parameter`, `statistic`, `value`.

    A metric has the kind `metrics`, and its name as the statistic. A histogram has the statistics `bin_0`, `bin_1`,
    ..., and counts as values. Signals per time step have the statistics `step_1`, `step_2`, ....
    """
    from api.export import table as parquet  # PyArrow's import takes a quarter of a second

    source, etag = exported
    return _download(parquet.table(source), source.experiment, "series.parquet", PARQUET, etag)


@router.get(
    "/runs/{seed}/model.keras",
    response_class=StreamingResponse,
    responses=responses(KERAS) | documented(409),
    summary="Export a run's network",
)
def export_network(
    experiment_id: UUID,
    seed: Annotated[int, Path(ge=0, le=2**32 - 1)],
    store: Store,
    etag: ETag,
    epoch: KeptEpoch = None,
) -> StreamingResponse:
    """Export the network of an ended run as a `.keras` file: after its last epoch, or untrained with `epoch=0`.

    Load it with `keras.models.load_model`. It is not compiled: loss and optimiser are in the experiment's spec.
    """
    experiment = store.get(experiment_id)
    experiment.own_spec("its networks are not sent")
    architecture, snapshot = store.network(experiment_id, seed, epoch=epoch)
    began = experiment.started_at or experiment.created_at
    pieces = zipped(keras_file(architecture, snapshot, began), at=began, compressed=False)
    return _download(pieces, experiment, f"seed-{seed}-epoch-{snapshot.epoch}.keras", KERAS, etag)


def _download(
    pieces: Iterator[bytes], experiment: Experiment, name: str, media_type: str, etag: str
) -> StreamingResponse:
    file = f"{experiment.id}-{name}"
    headers = {"ETag": etag, "Vary": "Accept", "Content-Disposition": f'attachment; filename="{file}"'}
    return StreamingResponse(pieces, media_type=media_type, headers=headers)
