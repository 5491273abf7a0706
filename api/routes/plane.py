"""Endpoints for networks of two inputs: decision boundary and samples."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request

from api.http.dependencies import ServicesDep
from api.http.router import api_router
from api.routes.series import AllEpochs, SeriesQuery, responses
from api.series.boundary import Samples, in_plane
from gradlab.schemas.series import BoundaryResponse, SamplesResponse

router = api_router("series", "/experiments/{experiment_id}")

MaxSamples = Annotated[
    int, Query(ge=1, le=20_000, description="maximum number of samples of each part; the first ones")
]

ID = "5a1c8d6e-3c1b-4c55-9a60-0f4be2a1c0de"
BOUNDARY = {
    "experiment_id": ID,
    "status": "completed",
    "layer": "dense_6",
    "classes": [1],
    "threshold": 0.5,
    "x": [-1.2, 1.2],
    "y": [-1.2, 1.2],
    "epochs": [0, 25],
    "sampling": None,
    "runs": [
        {"seed": 0, "values": [[[[0.5, 0.51], [0.49, 0.5]]], [[[0.2, 0.3], [0.7, 0.8]]]], "first_nonfinite": None}
    ],
}
SAMPLES = {
    "experiment_id": ID,
    "dataset": "circles",
    "target": "classes",
    "training": {"total": 500, "x": [0.21, -0.8], "y": [0.64, 0.1], "answers": [1, 0]},
    "validation": {"total": 500, "x": [0.5], "y": [-0.58], "answers": [1]},
}


@router.get(
    "/boundary", response_model=BoundaryResponse, responses=responses(BOUNDARY), summary="Get the decision boundary"
)
def boundary(query: AllEpochs, services: ServicesDep) -> Any:
    """Get the network's outputs on a grid of 32 × 32 points over its two inputs, epoch by epoch.

    `values[epoch][class][row][column]` are outputs: probabilities after a sigmoid or softmax, otherwise scores. A
    single output unit predicts class 1 above `threshold`; with several units, the largest output decides. The grid
    extends beyond the samples by a tenth of their range.
    """
    with query.store.reading_together():
        build = query.reader.boundary(query.span)
    return query.reply(build(services.load), "boundary")


@router.get("/samples", response_model=SamplesResponse, responses=responses(SAMPLES), summary="Get the samples")
def samples(
    request: Request,
    experiment_id: UUID,
    services: ServicesDep,
    max_samples: MaxSamples = 2_000,
) -> Any:
    """Get the samples of a dataset with two inputs: the scaled inputs that the network receives, and the targets.

    The samples are generated anew from the spec, or loaded from the uploaded dataset. Each part is cut to its first
    `max_samples` samples.
    """
    query = SeriesQuery(request, experiment_id)
    with query.store.reading_together():
        dataset = in_plane(query.reader.experiment)
    return query.reply(Samples.of(dataset, max_samples, services.load), "samples")
