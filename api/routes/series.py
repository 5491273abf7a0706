"""Series: what was measured, epoch by epoch, as JSON, CSV or NPZ."""

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from api.http.dependencies import ETag, MediaType, Store
from api.http.errors import documented
from api.series.boundary import Boundary, Samples
from api.series.choice import DEFAULT_PARAMETER, choose_tensors
from api.series.epochs import Span, cut
from api.series.files import to_csv, to_npz
from api.series.metrics import Metrics
from api.series.reading import SeriesReader
from api.series.statistics import TensorStatistic
from api.series.vectors import Histograms, Steps
from gradlab.measurement.history import Tensor
from gradlab.measurement.kinds import (
    KINDS,
    STATISTIC_KINDS,
    TIME_SIGNALS,
    MeasuredLayer,
    MeasuredNetwork,
    SeriesKind,
)
from gradlab.measurement.statistics import EDGES
from gradlab.schemas.media_types import CSV, JSON, NPZ
from gradlab.schemas.series import (
    HistogramsResponse,
    HistoryResponse,
    StatisticResponse,
    StepsResponse,
    example,
)

router = APIRouter(prefix="/experiments/{experiment_id}", tags=["series"])

Epoch = Annotated[int, Query(ge=0, le=2**31 - 1, description="0 is the state before the first update")]
LastEpoch = Annotated[int | None, Query(ge=0, le=2**31 - 1)]
MaxPoints = Annotated[int | None, Query(ge=2, le=1_000_000, description="thin out to so many epochs, and say so")]
# More than the networks have layers that are looked at one by one.
MAX_NAMES = 1000
Names = Annotated[list[str], Query(max_length=MAX_NAMES, description="repeatable")]
Seeds = Annotated[list[str], Query(max_length=MAX_NAMES, description="repeatable; all by default")]
Shown = TensorStatistic | Metrics | Steps | Histograms | Boundary | Samples
Of = Annotated[Literal["gradients", "weights"], Query(description="what is distributed")]
HISTOGRAMS = {kind.query["of"]: kind.name for kind in KINDS if kind.path == "histograms"}


def responses(shown: dict[str, Any] | None = None) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entries of a series: its media types, an example, what else may be answered."""
    as_json = {JSON: {"example": shown}} if shown else {}
    media: dict[int | str, dict[str, Any]] = {200: {"content": {**as_json, CSV: {}, NPZ: {}}}}
    return {**media, **documented(304, 401, 404, 406, 422, 503)}


def from_the_first_update(from_epoch: Epoch = 1, to_epoch: LastEpoch = None, max_points: MaxPoints = None) -> Span:
    """The epochs that are answered where epoch 0 is another kind of number than the others."""
    return Span(from_epoch, to_epoch, max_points)


def from_the_beginning(from_epoch: Epoch = 0, to_epoch: LastEpoch = None, max_points: MaxPoints = None) -> Span:
    """The epochs that are answered where epoch 0 is a state like the others."""
    return Span(from_epoch, to_epoch, max_points)


TrainedEpochs = Annotated[Span, Depends(from_the_first_update)]
AllEpochs = Annotated[Span, Depends(from_the_beginning)]


class SeriesQuery(SeriesReader):
    """One experiment's series, of the runs and in the form that the caller wants."""

    def __init__(self, experiment_id: UUID, store: Store, etag: ETag, media_type: MediaType, seed: Seeds = []) -> None:
        super().__init__(experiment_id, store, seed)
        self._etag, self._media_type = etag, media_type

    def reply(self, found: Shown, name: str) -> Any:
        """The answer in the media type that the caller likes best."""
        if self._media_type == JSON:
            return found.answer(self.experiment)
        content: str | bytes = to_csv(found.rows()) if self._media_type == CSV else to_npz(found.arrays())
        file = f"{self.experiment.id}-{name}.{'csv' if self._media_type == CSV else 'npz'}"
        headers = {"ETag": self._etag, "Vary": "Accept", "Content-Disposition": f'inline; filename="{file}"'}
        return Response(content, media_type=self._media_type, headers=headers)


SeriesQueryDep = Annotated[SeriesQuery, Depends()]

KERNEL, STEPPED = ("dense_1", "kernel", [2, 5]), ("simple_rnn_1", "pre_activation", [3, 8])
# The layer of the examples: two inputs, five units.
EXAMPLE = MeasuredNetwork((MeasuredLayer("dense_1", (Tensor("dense_1", "kernel", (2, 5)),), (5,)),))


def _example(kind: SeriesKind) -> dict[str, Any]:
    """Two epochs of a kind's default statistic."""
    (tensor,) = kind.tensors(EXAMPLE)
    values = {"values": [*kind.example], "first_nonfinite": None}
    named = (tensor.layer, tensor.parameter, [*tensor.shape])
    return example(named, values, statistic=kind.default, parameter=tensor.parameter, epochs=[1, 2])


@router.get("/history", response_model=HistoryResponse, responses=responses(), summary="Loss and metrics per epoch")
def history(series_query: SeriesQueryDep, span: TrainedEpochs) -> Any:
    """Loss, metrics and learning rate after every epoch, per run, on the training and on the validation samples.

    Epoch 0, for `from_epoch=0`, is the untrained network's.
    """
    runs = series_query.metrics()
    return series_query.reply(Metrics(series_query.layout.metrics, runs, cut(runs, span)), "history")


def _endpoint(kind: SeriesKind) -> Callable[..., Any]:
    """The function that answers one statistic of a kind."""
    assert kind.default is not None
    epochs = Depends(from_the_first_update if kind.since_epoch else from_the_beginning)

    def of_tensors(
        series_query: SeriesQueryDep,
        span: Annotated[Span, epochs],
        statistic: str = kind.default,
        layer: Names = [],
        parameter: Names = [DEFAULT_PARAMETER],
    ) -> Any:
        return series_query.reply(series_query.statistic(kind.name, statistic, layer, parameter, span), kind.name)

    def of_layers(
        series_query: SeriesQueryDep, span: Annotated[Span, epochs], statistic: str = kind.default, layer: Names = []
    ) -> Any:
        return series_query.reply(series_query.statistic(kind.name, statistic, layer, [], span), kind.name)

    return of_tensors if kind.has_parameters else of_layers


for _kind in STATISTIC_KINDS:
    router.add_api_route(
        f"/{_kind.path}",
        _endpoint(_kind),
        methods=["GET"],
        name=_kind.name,
        description=_kind.description,
        response_model=StatisticResponse,
        responses=responses(_example(_kind)),
        summary=f"{_kind.title} per layer and epoch",
    )


@router.get(
    "/signals/steps",
    response_model=StepsResponse,
    responses=responses(
        example(
            STEPPED,
            {"values": [[1e-5, 4e-4, 0.016], [2e-5, 6e-4, 0.018]], "first_nonfinite": None},
            statistic="rms",
            epochs=[0, 1],
        )
    ),
    summary="Back-propagated signals per time step",
)
def signal_steps(series_query: SeriesQueryDep, span: AllEpochs, layer: Names = []) -> Any:
    """How large the signal is that comes back to each time step of a recurrent layer: `values[epoch][step]`."""
    layout, runs = series_query.series(TIME_SIGNALS.name)
    return series_query.reply(Steps.chosen(layout, runs, span, choose_tensors(layout, layer, [])), "signal-steps")


@router.get(
    "/histograms",
    response_model=HistogramsResponse,
    responses=responses(
        example(
            KERNEL,
            {"counts": [[0.0] * 38 + [3.0, 7.0] + [0.0] * 11] * 2},
            of="gradients",
            edges=EDGES.tolist(),
            epochs=[0, 10],
        )
    ),
    summary="Histograms of gradients or weights",
)
def histograms(
    series_query: SeriesQueryDep,
    span: AllEpochs,
    of: Of = "gradients",
    layer: Names = [],
    parameter: Names = [DEFAULT_PARAMETER],
) -> Any:
    """How the entries of each gradient or weight tensor are distributed: `counts[epoch][bin]`.

    Bin i holds `edges[i-1]` ≤ x < `edges[i]`, the first and the last reach to the infinities, and a NaN is in none. The
    bins are half a decade each and the same for all, so that epochs and layers can be compared.
    """
    layout, runs = series_query.series(HISTOGRAMS[of])
    found = Histograms.chosen(of, layout, runs, span, choose_tensors(layout, layer, parameter))
    return series_query.reply(found, f"{of[:-1]}-histograms")
