"""Charts: the series as pictures, drawn here."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.charts.figure import MEDIA_TYPES, render
from api.charts.views import ChartQuery, drawable, view
from api.http.dependencies import ETag, Store
from api.http.errors import documented
from api.routes.series import LastEpoch, Names, Seeds
from api.series.reading import SeriesReader
from gradlab.errors import Invalid, NotFound, Problem, shorten
from gradlab.schemas.charts import ChartResponse, ChartsResponse

router = APIRouter(prefix="/experiments/{experiment_id}/charts", tags=["charts"])

FirstEpoch = Annotated[int | None, Query(ge=0, le=2**31 - 1, description="the view's own by default")]
IMAGES: dict[int | str, dict[str, object]] = {
    200: {"content": {each: {"schema": {"type": "string", "format": "binary"}} for each in MEDIA_TYPES.values()}}
}


@router.get("", responses=documented(304, 401, 404, 422, 503), summary="Charts of an experiment")
def list_charts(experiment_id: UUID, store: Store, etag: ETag) -> ChartsResponse:
    """List the charts that can be drawn of what the experiment records."""
    place = f"/experiments/{experiment_id}/charts"
    found = [
        ChartResponse(
            name=each.name,
            shows=each.shows,
            takes=list(each.takes),
            **{form: f"{place}/{each.name}.{form}" for form in MEDIA_TYPES},
        )
        for each in drawable(SeriesReader(experiment_id, store, ()))
    ]
    return ChartsResponse(experiment_id=experiment_id, charts=found)


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
    store: Store,
    etag: ETag,
    statistic: str | None = None,
    layer: Names = [],
    parameter: Names = [],
    seed: Seeds = [],
    from_epoch: FirstEpoch = None,
    to_epoch: LastEpoch = None,
) -> Response:
    """Draw what was measured so far, as SVG or PNG; equal series give equal bytes.

    The median over the seeds, and where there is a band their range. `statistic`, `layer` and `parameter` are for the
    charts that show layers; `GET …/charts` lists the charts and what each of them takes.
    """
    drawn = view(name)
    if form not in MEDIA_TYPES:
        raise NotFound(f"Charts are drawn as {' or '.join(MEDIA_TYPES)}, not as {shorten(form)}.")
    told = f"one of {', '.join(drawn.takes)}" if drawn.takes else "no query"
    queries = request.query_params
    if unknown := [each for each in dict.fromkeys(queries) if each not in drawn.takes]:
        raise Invalid(*(Problem(each, told, shorten(queries[each])) for each in unknown))
    query = ChartQuery(SeriesReader(experiment_id, store, seed), from_epoch, to_epoch, statistic, layer, parameter)
    kind: Literal["svg", "png"] = "svg" if form == "svg" else "png"
    content = render(drawn.draw(query), kind)
    headers = {"ETag": etag, "Content-Disposition": f'inline; filename="{experiment_id}-{name}.{form}"'}
    return Response(content, media_type=MEDIA_TYPES[form], headers=headers)
