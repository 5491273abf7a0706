"""Series: what was measured, epoch by epoch, as JSON, CSV or NPZ."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import CSV, JSON, NPZ, ETag, MediaType, Store
from api.errors import documented
from api.schemas import GradientsAnswer, HistoryAnswer
from api.series import DEFAULT_PARAMETER, Gradients, Metrics, choose, choose_one, choose_tensors, cut, to_csv, to_npz

router = APIRouter(prefix="/experiments/{experiment_id}", tags=["series"])

Epoch = Annotated[int, Query(ge=1, le=2**31 - 1)]
LastEpoch = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
MaxPoints = Annotated[int | None, Query(ge=2, le=1_000_000, description="thin out to so many epochs, and say so")]
Names = Annotated[list[str], Query()]
Seeds = Annotated[list[str], Query(description="repeatable; all by default")]

MEDIA: dict[int | str, dict[str, Any]] = {200: {"content": {CSV: {}, NPZ: {}}, "headers": {"ETag": {}}}}
RESPONSES = {**MEDIA, **documented(304, 401, 404, 406, 422, 503)}


@router.get("/history", response_model=HistoryAnswer, responses=RESPONSES, summary="Loss and accuracy per epoch")
def history(
    experiment_id: UUID,
    store: Store,
    etag: ETag,
    media_type: MediaType,
    seed: Seeds = [],
    from_epoch: Epoch = 1,
    to_epoch: LastEpoch = None,
    max_points: MaxPoints = None,
) -> HistoryAnswer | Response:
    """Loss and accuracy after every epoch, per run, on the training and on the validation samples."""
    experiment = store.get(experiment_id)
    runs = store.metrics(experiment_id, seeds=_seeds(experiment.spec.seeds, seed))
    found = Metrics(store.layout(experiment_id), runs, cut(runs, from_epoch, to_epoch, max_points))
    if media_type == JSON:
        return found.answer(experiment_id, experiment.status)
    return _file(found, media_type, etag, f"{experiment_id}-history")


@router.get("/gradients", response_model=GradientsAnswer, responses=RESPONSES, summary="Gradients per layer and epoch")
def gradients(
    experiment_id: UUID,
    store: Store,
    etag: ETag,
    media_type: MediaType,
    statistic: str = "mean_abs",
    layer: Names = [],
    parameter: Names = [DEFAULT_PARAMETER],
    seed: Seeds = [],
    from_epoch: Epoch = 1,
    to_epoch: LastEpoch = None,
    max_points: MaxPoints = None,
) -> GradientsAnswer | Response:
    """How large the gradients are, per layer and epoch: by default the mean absolute gradient of each layer's kernel.

    `layer` and `parameter` are repeatable; `parameter=all` answers biases and the like as well. Each value is the mean
    over the epoch's mini-batches of a statistic of the gradient before any clipping; `GET /catalogue` lists them.
    """
    experiment, layout = store.get(experiment_id), store.layout(experiment_id)
    which = layout.statistics.index(choose_one("statistic", statistic, layout.statistics))
    chosen = choose_tensors(layout, layer, parameter)
    series = store.gradients(experiment_id, seeds=_seeds(experiment.spec.seeds, seed))
    runs = {seed: values[:, list(chosen), which] for seed, values in series.items()}  # (epochs, chosen tensors)
    axis = cut(runs, from_epoch, to_epoch, max_points)
    found = Gradients(layout, statistic, tuple(parameter), chosen, runs, axis)
    if media_type == JSON:
        return found.answer(experiment_id, experiment.status)
    return _file(found, media_type, etag, f"{experiment_id}-gradients")


def _seeds(known: tuple[int, ...], wanted: list[str]) -> list[int]:
    return [int(seed) for seed in choose("seed", wanted, [str(seed) for seed in known])]


def _file(series: Gradients | Metrics, media_type: str, etag: str, name: str) -> Response:
    content: str | bytes = to_csv(series.rows) if media_type == CSV else to_npz(series.arrays())
    suffix = "csv" if media_type == CSV else "npz"
    headers = {"ETag": etag, "Vary": "Accept", "Content-Disposition": f'inline; filename="{name}.{suffix}"'}
    return Response(content, media_type=media_type, headers=headers)
