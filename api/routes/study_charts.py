"""Endpoints of the charts of studies: tables, drawn by the service."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from api.charts.studies.query import StudyChartQuery
from api.charts.studies.views import STUDY_VIEWS, study_view_named
from api.http.dependencies import Store, etag_of
from api.http.errors import documented
from api.http.router import api_router
from api.responses.studies import table_response
from api.routes.charts import IMAGES, check_query, image, listed
from gradlab.schemas.charts import StudyChartsResponse
from gradlab.spec.study.study import MAX_AXES

router = api_router("charts", "/studies/{study_id}/charts")

ColumnName = Annotated[str | None, Query(description="metric (the default), `failing`, or a measure's name")]
AxisNames = Annotated[
    list[str], Query(max_length=MAX_AXES, description="axes to draw along, the horizontal one first; repeatable")
]


@router.get("", responses=documented(304, 401, 404, 422, 503), summary="List charts of a study")
def list_study_charts(study_id: UUID, request: Request, response: Response, store: Store) -> StudyChartsResponse:
    """List the charts that the service can draw from the table of a study."""
    record = store.studies.get(study_id)
    response.headers["ETag"] = etag_of(request, record.state)
    views = [view for view in STUDY_VIEWS if view.has_needed(record.spec)]
    charts = listed(f"/studies/{study_id}/charts", views)
    return StudyChartsResponse(study_id=study_id, charts=charts)


@router.get(
    "/{name}.{form}",
    response_class=Response,
    responses={**IMAGES, **documented(304, 401, 404, 422, 503)},
    summary="Draw a chart of a study",
)
def draw_study_chart(
    study_id: UUID,
    name: str,
    form: str,
    request: Request,
    store: Store,
    column: ColumnName = None,
    axis: AxisNames = [],
) -> Response:
    """Draw the cells trained so far, as SVG or PNG. Equal tables give equal bytes.

    Over the variances of weights and biases of dense layers, maps show mean-field theory's border between vanishing and
    exploding signals. `GET …/charts` lists the charts and the query parameters that each takes.
    """
    view = study_view_named(name)
    check_query(request, form, view.takes)
    record = store.studies.get(study_id)
    etag = etag_of(request, record.state)
    table = table_response(record, store.studies.cells(study_id))
    figure = view.draw(StudyChartQuery(table, record.spec, column, axis))
    return image(figure, form, f"{study_id}-{name}", etag)
