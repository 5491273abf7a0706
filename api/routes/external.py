"""What trainings that run elsewhere send: their epochs, and how each run ended."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path
from fastapi.openapi.models import Example

from api.http.bodies import NumbersRoute
from api.http.dependencies import Store
from api.http.errors import documented
from api.responses.experiments import experiment_response, series_response
from api.series.incoming import history_of
from gradlab.measurement.kinds import GRADIENTS
from gradlab.schemas.experiments import ExperimentResponse
from gradlab.schemas.external import RunEndRequest, SeriesRequest, SeriesResponse

router = APIRouter(
    prefix="/experiments/{experiment_id}/runs/{seed}", tags=["trainings elsewhere"], route_class=NumbersRoute
)

# Two epochs of one tensor: by name each column has a list for each epoch, with a number for each tensor.
ROWS = [[0.031, 0.002, 0.04, 0.13, 0.11, 0, 0], [0.028, 0.001, 0.037, 0.12, 0.09, 0, 0]]
EPOCHS: dict[str, Any] = {"from_epoch": 1, "metrics": {"loss": [0.69, 0.67], "val_loss": [0.7, None]}}
BY_NAME = {
    name: [[number] for number in numbers]
    for name, numbers in zip(GRADIENTS.sent_columns or (), zip(*ROWS, strict=True), strict=True)
}
EXAMPLES: dict[str, Example] = {
    "two epochs": {"summary": "two epochs", "value": EPOCHS | {"series": {"gradients": BY_NAME}}},
    "columns by position": {
        "summary": "two epochs, columns by position (deprecated)",
        "value": EPOCHS | {"series": {"gradients": [[row] for row in ROWS]}},
    },
}
Sent = Annotated[SeriesRequest, Body(openapi_examples=EXAMPLES)]
ANSWERS: dict[int | str, dict[str, Any]] = documented(401, 404, 409, 413, 415, 422, 503)


@router.put("/series", responses=ANSWERS, summary="Send epochs")
def send_series(
    experiment_id: UUID, seed: Annotated[int, Path(ge=0, le=2**32 - 1)], sent: Sent, store: Store
) -> SeriesResponse:
    """Send the next epochs of a run of an experiment with `source: external`: all of them are stored, or none.

    Of each kind all columns are sent, by name and in any order. Sent by position, in the experiment's order of columns,
    they are read by this version for the last time. Sent again they change nothing. Epochs that leave a gap, or differ
    from what is stored, are refused with 409, which says what is expected next; so is whatever follows on a cancelled
    experiment. Without metrics and series it is a sign of life: an experiment whose `expected_by` has passed is shown
    as silent.
    """
    history = history_of(sent, store.get(experiment_id), store.layout(experiment_id))
    return series_response(store.external.receive(experiment_id, seed, history), seed)


@router.post("/end", responses=ANSWERS, summary="End a run")
def end_run(
    experiment_id: UUID, seed: Annotated[int, Path(ge=0, le=2**32 - 1)], how: RunEndRequest, store: Store
) -> ExperimentResponse:
    """End a run: completed, or failed with an error. With its last run the experiment ends; failed, if a run did.

    Completed before its last epoch it was stopped early, or by a loss that is not finite: `stopped_by` says which.
    """
    return experiment_response(store.external.end(experiment_id, seed, how.reason()))
