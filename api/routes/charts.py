"""Endpoints of charts: series, drawn by the service."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.charts.figure import MEDIA_TYPES, render
from api.charts.views import ChartQuery, drawable, view_named
from api.http.dependencies import ETag, ServicesDep, Store
from api.http.errors import documented
from api.routes.series import LastEpoch, Names, Seeds
from api.series.reading import SeriesReader
from gradlab.errors import Invalid, NotFound, Problem, shorten
from gradlab.schemas.charts import ChartResponse, ChartsResponse

router = APIRouter(prefix="/experiments/{experiment_id}/charts", tags=["charts"])

FirstEpoch = Annotated[
    int | None, Query(ge=0, le=2**31 - 1, description="first epoch drawn; the default depends on the chart")
]
IMAGES: dict[int | str, dict[str, object]] = {
    200: {"content": {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA_TYPES.values()}}
}


@router.get("", responses=documented(304, 401, 404, 422, 503), summary="List charts")
def list_charts(experiment_id: UUID, store: Store, etag: ETag) -> ChartsResponse:
    """List the charts that the service can draw from the series of an experiment."""
    folder = f"/experiments/{experiment_id}/charts"
    charts = [
        ChartResponse(
            name=view.name,
            shows=view.shows,
            takes=list(view.takes),
            **{form: f"{folder}/{view.name}.{form}" for form in MEDIA_TYPES},
        )
        for view in drawable(SeriesReader(experiment_id, store, ()))
    ]
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
    etag: ETag,
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
    if form not in MEDIA_TYPES:
        raise NotFound(f"Charts are drawn as {' or '.join(MEDIA_TYPES)}, not as {shorten(form)}.")
    expected = f"one of {', '.join(view.takes)}" if view.takes else "no query"
    received = request.query_params
    if unknown := [parameter for parameter in dict.fromkeys(received) if parameter not in view.takes]:
        raise Invalid(*(Problem(parameter, expected, shorten(received[parameter])) for parameter in unknown))
    reader = SeriesReader(experiment_id, services.store, seed)
    query = ChartQuery(reader, services.load, from_epoch, to_epoch, statistic, layer, parameter)
    kind: Literal["svg", "png"] = "svg" if form == "svg" else "png"
    content = render(view.draw(query), kind)
    headers = {"ETag": etag, "Content-Disposition": f'inline; filename="{experiment_id}-{name}.{form}"'}
    return Response(content, media_type=MEDIA_TYPES[form], headers=headers)
