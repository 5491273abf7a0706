"""Endpoints of charts: series, drawn by the service."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from matplotlib.figure import Figure

from api.charts.figure import MEDIA_TYPES, render
from api.charts.studies.views import StudyView
from api.charts.views import ChartQuery, View, drawable, view_named
from api.http.dependencies import ETag, ServicesDep, Store, etag_of
from api.http.errors import documented
from api.http.router import api_router
from api.routes.series import LastEpoch, Names, Seeds
from api.series.reading import SeriesReader
from gradlab.errors import Invalid, NotFound, Problem, shorten
from gradlab.schemas.charts import ChartResponse, ChartsResponse

router = api_router("charts", "/experiments/{experiment_id}/charts")

FirstEpoch = Annotated[
    int | None, Query(ge=0, le=2**31 - 1, description="first epoch drawn; the default depends on the chart")
]
IMAGES: dict[int | str, dict[str, object]] = {
    200: {"content": {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA_TYPES.values()}}
}


@router.get("", responses=documented(304, 401, 404, 422, 503), summary="List charts")
def list_charts(experiment_id: UUID, store: Store, etag: ETag) -> ChartsResponse:
    """List the charts that the service can draw from the series of an experiment."""
    views = drawable(SeriesReader(experiment_id, store, ()))
    charts = listed(f"/experiments/{experiment_id}/charts", views)
    return ChartsResponse(experiment_id=experiment_id, charts=charts)


@router.get(
    "/{name}.{form}",
    response_class=Response,
    responses={**IMAGES, **documented(304, 401, 404, 422, 503)},
    summary="Draw a chart",
)
def draw_chart(
    experiment_id: UUID,
    name: str,
    form: str,
    request: Request,
    services: ServicesDep,
    statistic: str | None = None,
    layer: Names = [],
    parameter: Names = [],
    seed: Seeds = [],
    from_epoch: FirstEpoch = None,
    to_epoch: LastEpoch = None,
) -> Response:
    """Draw the series recorded so far, as SVG or PNG. Equal series give equal bytes.

    Lines show the median over the seeds, bands their range. `GET …/charts` lists the charts and the query parameters
    that each takes: `statistic`, `layer` and `parameter` apply to charts of layers.
    """
    view = view_named(name)
    check_query(request, form, view.takes)
    with services.store.reading_together():
        revision = services.store.revision(experiment_id)
        etag = etag_of(request, revision)
        reader = SeriesReader(experiment_id, services.store, seed, revision)
        draw = view.read(ChartQuery(reader, services.load, from_epoch, to_epoch, statistic, layer, parameter))
    return image(draw(), form, f"{experiment_id}-{name}", etag)


def check_query(request: Request, form: str, takes: Sequence[str]) -> None:
    """Check the form and the query parameters of a chart.

    Raises:
        NotFound: charts are not drawn in this form.
        Invalid: the chart takes other parameters.
    """
    if form not in MEDIA_TYPES:
        raise NotFound(f"Charts are drawn as {' or '.join(MEDIA_TYPES)}, not as {shorten(form)}.")
    expected = f"one of {', '.join(takes)}" if takes else "no query"
    received = request.query_params
    if unknown := [parameter for parameter in dict.fromkeys(received) if parameter not in takes]:
        raise Invalid(*(Problem(parameter, expected, shorten(received[parameter])) for parameter in unknown))


def image(figure: Figure, form: str, file: str, etag: str) -> Response:
    """Build the response for a figure; `file` is its name without an ending."""
    content = render(figure, "svg" if form == "svg" else "png")
    headers = {"ETag": etag, "Content-Disposition": f'inline; filename="{file}.{form}"'}
    return Response(content, media_type=MEDIA_TYPES[form], headers=headers)


def listed(folder: str, views: Sequence[View | StudyView]) -> list[ChartResponse]:
    """Build the responses for the charts of an experiment or a study."""
    return [
        ChartResponse(
            name=view.name,
            shows=view.shows,
            takes=list(view.takes),
            **{form: f"{folder}/{view.name}.{form}" for form in MEDIA_TYPES},
        )
        for view in views
    ]
