"""Endpoints of series: values per epoch, as JSON, CSV or NPZ."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from api.http.dependencies import Services, etag_of, preferred
from api.http.errors import documented
from api.http.router import api_router
from api.series.boundary import Boundary, Samples
from api.series.reading import SeriesReader
from core.store import ExperimentStore
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
from gradlab.series.choice import DEFAULT_PARAMETER, choose_tensors
from gradlab.series.epochs import Span, cut
from gradlab.series.files import to_csv, to_npz
from gradlab.series.metrics import Metrics
from gradlab.series.statistics import TensorStatistic
from gradlab.series.vectors import Histograms, Steps

router = api_router("series", "/experiments/{experiment_id}")

Epoch = Annotated[int, Query(ge=0, le=2**31 - 1, description="first epoch; 0 is the state before the first update")]
LastEpoch = Annotated[int | None, Query(ge=0, le=2**31 - 1, description="last epoch; the last recorded by default")]
MaxPoints = Annotated[int | None, Query(ge=2, le=1_000_000, description="maximum number of epochs; see `sampling`")]
# A network whose layers are inspected one by one has fewer.
MAX_NAMES = 1000
Names = Annotated[list[str], Query(max_length=MAX_NAMES, description="repeatable")]
Seeds = Annotated[list[str], Query(max_length=MAX_NAMES, description="repeatable; all by default")]
EVERY_EPOCH = Span(0, None, None)
AnySeries = TensorStatistic | Metrics | Steps | Histograms | Boundary | Samples
Of = Annotated[Literal["gradients", "weights"], Query(description="the quantity of the histograms")]
HISTOGRAMS = {kind.query["of"]: kind.name for kind in KINDS if kind.path == "histograms"}


def responses(example_body: dict[str, Any] | None = None) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses of a series: its media types, an example of its JSON, and the errors."""
    as_json = {JSON: {"example": example_body}} if example_body else {}
    media: dict[int | str, dict[str, Any]] = {200: {"content": {**as_json, CSV: {}, NPZ: {}}}}
    return {**media, **documented(304, 401, 404, 406, 422, 503)}


@dataclass(frozen=True)
class SeriesQuery:
    """A request for series, and the response in the media type that it accepts.

    Its endpoint reads and writes everything in one thread: to change threads takes as long as a query.

    Attributes:
        seeds: of the runs that the request names; none for all.
        span: the epochs that the request names; all by default.
    """

    request: Request
    experiment_id: UUID
    seeds: Sequence[str] = ()
    span: Span = EVERY_EPOCH

    @cached_property
    def store(self) -> ExperimentStore:
        """The store that holds the experiment."""
        services: Services = self.request.app.state.services
        return services.store

    @cached_property
    def _state(self) -> tuple[int, str, str]:
        """Read the experiment's revision; choose the media type of the response, and make its ETag.

        Raises:
            NotFound: there is no such experiment.
            NotAcceptable: the client accepts none of the media types.
            NotModified: the client has a current response.
        """
        revision = self.store.revision(self.experiment_id)
        return revision, preferred(self.request, (JSON, CSV, NPZ)), etag_of(self.request, revision)

    @cached_property
    def reader(self) -> SeriesReader:
        """Read the experiment and its layout.

        Raises:
            NotFound: there is no such experiment.
            NotAcceptable: the client accepts none of the media types.
            NotModified: the client has a current response.
            Invalid: the experiment has no such seed.
        """
        revision, *_ = self._state
        return SeriesReader(self.experiment_id, self.store, self.seeds, revision)

    def reply(self, series: AnySeries, name: str) -> Response:
        """Build the response in the media type that the request prefers."""
        experiment, (_, media_type, etag) = self.reader.experiment, self._state
        headers = {"ETag": etag, "Vary": "Accept"}
        if media_type == JSON:
            return Response(series.response(experiment).model_dump_json(), media_type=JSON, headers=headers)
        content: str | bytes = to_csv(series.rows()) if media_type == CSV else to_npz(series.arrays())
        file = f"{experiment.id}-{name}.{'csv' if media_type == CSV else 'npz'}"
        headers["Content-Disposition"] = f'inline; filename="{file}"'
        return Response(content, media_type=media_type, headers=headers)


def _since(first_epoch: int) -> Any:
    """Build the dependency that makes the query for a series, which begins with this epoch by default.

    It reads nothing and is the only one: FastAPI takes up to a tenth of a millisecond for each.
    """

    async def query(
        request: Request,
        experiment_id: UUID,
        seed: Seeds = [],
        from_epoch: Epoch = first_epoch,
        to_epoch: LastEpoch = None,
        max_points: MaxPoints = None,
    ) -> SeriesQuery:
        return SeriesQuery(request, experiment_id, seed, Span(from_epoch, to_epoch, max_points))

    return Depends(query)


FROM_THE_FIRST_UPDATE, FROM_THE_BEGINNING = _since(1), _since(0)
TrainedEpochs = Annotated[SeriesQuery, FROM_THE_FIRST_UPDATE]
AllEpochs = Annotated[SeriesQuery, FROM_THE_BEGINNING]

KERNEL, STEPPED = ("dense_1", "kernel", [2, 5]), ("simple_rnn_1", "pre_activation", [3, 8])
# The layer of the examples has two inputs and five units.
EXAMPLE = MeasuredNetwork((MeasuredLayer("dense_1", (Tensor("dense_1", "kernel", (2, 5)),), (5,)),))


def _example(kind: SeriesKind) -> dict[str, Any]:
    """Build the example of a kind: two epochs of its default statistic."""
    (tensor,) = kind.tensors(EXAMPLE)
    values = {"values": [*kind.example], "first_nonfinite": None}
    named = (tensor.layer, tensor.parameter, [*tensor.shape])
    return example(named, values, statistic=kind.default, parameter=tensor.parameter, epochs=[1, 2])


@router.get("/history", response_model=HistoryResponse, responses=responses(), summary="Get loss and metrics")
def history(query: TrainedEpochs) -> Any:
    """Get loss, metrics and learning rate after every epoch, per run, on training and on validation samples.

    With `from_epoch=0` the series begins with the untrained network.
    """
    with query.store.reading_together():
        runs = query.reader.metrics()
    return query.reply(Metrics(query.reader.layout.metrics, runs, cut(runs, query.span)), "history")


def _endpoint(kind: SeriesKind) -> Callable[..., Any]:
    """Build the endpoint of a kind that has statistics."""
    assert kind.default is not None
    epochs = FROM_THE_FIRST_UPDATE if kind.since_epoch else FROM_THE_BEGINNING

    def of_tensors(
        query: Annotated[SeriesQuery, epochs],
        statistic: str = kind.default,
        layer: Names = [],
        parameter: Names = [DEFAULT_PARAMETER],
    ) -> Any:
        with query.store.reading_together():
            layout, runs = query.reader.series(kind.name)
        series = TensorStatistic.of_names(layout, runs, query.span, statistic, layers=layer, parameters=parameter)
        return query.reply(series, kind.name)

    def of_layers(query: Annotated[SeriesQuery, epochs], statistic: str = kind.default, layer: Names = []) -> Any:
        return of_tensors(query, statistic, layer, [])

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
        summary=f"Get {_kind.noun} per layer and epoch",
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
    summary="Get back-propagated signals per time step",
)
def signal_steps(query: AllEpochs, layer: Names = []) -> Any:
    """Get the root mean square of the back-propagated signal at each time step of recurrent layers.

    `values[epoch][step]` belongs to time step `step + 1`.
    """
    with query.store.reading_together():
        layout, runs = query.reader.series(TIME_SIGNALS.name)
    return query.reply(Steps.of_tensors(layout, runs, query.span, choose_tensors(layout, layer, [])), "signal-steps")


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
    summary="Get histograms of gradients or weights",
)
def histograms(
    query: AllEpochs,
    of: Of = "gradients",
    layer: Names = [],
    parameter: Names = [DEFAULT_PARAMETER],
) -> Any:
    """Get histograms of the entries of each gradient or weight tensor: `counts[epoch][bin]`.

    Bin i counts entries with `edges[i-1]` ≤ x < `edges[i]`. The first and the last bin extend to the infinities; NaN is
    not counted. Each bin spans half a decade. The bins are the same for all tensors and epochs, which makes them
    comparable.
    """
    with query.store.reading_together():
        layout, runs = query.reader.series(HISTOGRAMS[of])
    selected = Histograms.of_tensors(of, layout, runs, query.span, choose_tensors(layout, layer, parameter))
    return query.reply(selected, f"{of[:-1]}-histograms")
