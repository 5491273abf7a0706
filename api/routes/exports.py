"""Exports: all that was measured as one file, for TensorBoard, for data frames, for NumPy; and the networks."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import StreamingResponse

from api.export.arrays import arrays
from api.export.network import keras_file
from api.export.source import Source
from api.export.tensorboard import log_directory
from api.http.dependencies import ETag, Store
from api.http.errors import documented
from api.http.outflow import zipped
from api.routes.series import MAX_NAMES, Seeds
from core.records import Experiment
from gradlab.schemas.media_types import NPZ

router = APIRouter(prefix="/experiments/{experiment_id}", tags=["exports"])

ZIP, PARQUET, KERAS = "application/zip", "application/vnd.apache.parquet", "application/vnd.keras+zip"
Kinds = Annotated[
    list[str], Query(max_length=MAX_NAMES, description="repeatable: metrics, gradients, weights ...; all by default")
]


KeptEpoch = Annotated[int | None, Query(ge=0, le=2**31 - 1, description="0, or the run's last; the last by default")]


def responses(media_type: str) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entries of an export."""
    file = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"content": {media_type: file}}, **documented(304, 401, 404, 422, 503)}


def exported(experiment_id: UUID, store: Store, seed: Seeds = [], kind: Kinds = []) -> Source:
    """What is exported of an experiment. Raises NotFound, and Invalid where a name is unknown."""
    return Source.of(store, store.get(experiment_id), seeds=seed, kinds=kind)


Exported = Annotated[Source, Depends(exported)]


@router.get(
    "/tensorboard.zip",
    response_class=StreamingResponse,
    responses=responses(ZIP),
    summary="A log directory for TensorBoard",
)
def export_tensorboard(source: Exported, etag: ETag) -> StreamingResponse:
    """Event files that TensorBoard opens: unpack, then `tensorboard --logdir .`; a folder for each seed.

    Metrics and the statistics of gradients, weights, activations and signals are scalars, a step an epoch. Gradients
    and weights are under Distributions and Histograms, named as `write_grads=True` did in TensorFlow 1
    (`dense_1/kernel_0_grad`), so that the filter `kernel` finds them. Signals per time step are left out.
    """
    pieces = zipped(log_directory(source), at=source.began, compressed=True)
    return _sent(pieces, source.experiment, "tensorboard.zip", ZIP, etag)


@router.get(
    "/series.npz", response_class=StreamingResponse, responses=responses(NPZ), summary="All series as named arrays"
)
def export_npz(source: Exported, etag: ETag) -> StreamingResponse:
    """Every number with every bit: `{kind}_0` (epochs, tensors, columns) of the first seed, and so on.

    `epochs_{kind}_0` are the epochs of its rows; `layers_{kind}`, `parameters_{kind}`, `columns_{kind}` and
    `names_metrics` name the other axes, `seeds` the runs.
    """
    pieces = zipped(arrays(source), at=source.began, compressed=False)
    return _sent(pieces, source.experiment, "series.npz", NPZ, etag)


@router.get(
    "/series.parquet",
    response_class=StreamingResponse,
    responses=responses(PARQUET),
    summary="All series as one tidy table",
)
def export_parquet(source: Exported, etag: ETag) -> StreamingResponse:
    """One number a row: `seed`, `epoch`, `kind`, `layer`, `parameter`, `statistic`, `value`.

    Of a metric the kind is `metrics` and the statistic its name; of a histogram the statistic is `bin_0` ... and the
    value a count, of a recurrent layer's signals `step_1` ... .
    """
    from api.export import table as parquet  # a quarter of a second that whoever asks for no table is spared

    return _sent(parquet.table(source), source.experiment, "series.parquet", PARQUET, etag)


@router.get(
    "/runs/{seed}/model.keras",
    response_class=StreamingResponse,
    responses=responses(KERAS) | documented(409),
    summary="A run's network, for Keras",
)
def export_network(
    experiment_id: UUID,
    seed: Annotated[int, Path(ge=0, le=2**32 - 1)],
    store: Store,
    etag: ETag,
    epoch: KeptEpoch = None,
) -> StreamingResponse:
    """The network of a run that has ended, after its last epoch; with `epoch=0` as it was before the first update.

    `keras.models.load_model` loads it. It is not compiled: loss and optimiser are in the experiment's spec.
    """
    experiment = store.get(experiment_id)
    experiment.own_spec("its networks are not sent")
    form, snapshot = store.network(experiment_id, seed, epoch=epoch)
    began = experiment.started_at or experiment.created_at
    pieces = zipped(keras_file(form, snapshot, began), at=began, compressed=False)
    return _sent(pieces, experiment, f"seed-{seed}-epoch-{snapshot.epoch}.keras", KERAS, etag)


def _sent(pieces: Iterator[bytes], experiment: Experiment, name: str, media_type: str, etag: str) -> StreamingResponse:
    file = f"{experiment.id}-{name}"
    headers = {"ETag": etag, "Vary": "Accept", "Content-Disposition": f'attachment; filename="{file}"'}
    return StreamingResponse(pieces, media_type=media_type, headers=headers)
