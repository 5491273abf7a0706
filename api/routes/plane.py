"""The plane of two inputs: the decision boundary while it is learnt, and the samples."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from api.http.dependencies import ETag, MediaType, Store
from api.routes.series import AllEpochs, SeriesQuery, SeriesQueryDep, responses
from api.series.boundary import Boundary, Samples, in_plane
from gradlab.schemas.series import BoundaryResponse, SamplesResponse

router = APIRouter(prefix="/experiments/{experiment_id}", tags=["series"])

MostSamples = Annotated[int, Query(ge=1, le=20_000, description="of each part, the first so many")]

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


@router.get("/boundary", response_model=BoundaryResponse, responses=responses(BOUNDARY), summary="Decision boundary")
def boundary(series_query: SeriesQueryDep, span: AllEpochs) -> Any:
    """What the network answers on a grid of 32 × 32 points over its two inputs, epoch by epoch.

    `values[epoch][class][row][column]` are the output units as they are: probabilities where the output is a sigmoid or
    a softmax, scores where it is not. A single unit speaks for class 1, above `threshold`; of several the largest
    decides. The grid reaches a tenth of the samples' range beyond them.
    """
    layout, runs = series_query.series("boundary")
    spec = series_query.experiment.own_spec("what its outputs mean")
    return series_query.reply(Boundary.of(spec, layout, runs, span), "boundary")


@router.get("/samples", response_model=SamplesResponse, responses=responses(SAMPLES), summary="Samples of two inputs")
def samples(
    experiment_id: UUID, store: Store, etag: ETag, media_type: MediaType, max_samples: MostSamples = 2_000
) -> Any:
    """The samples of a dataset with two inputs, as the network is given them: where they lie, and what they are.

    They are drawn again from the spec; of each part the first `max_samples` are answered.
    """
    series_query = SeriesQuery(experiment_id, store, etag, media_type)
    return series_query.reply(Samples.of(in_plane(series_query.experiment), max_samples), "samples")
