"""Endpoints for external trainings: receive epochs, end runs, and let them go on."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Path
from fastapi.openapi.models import Example

from api.http.bodies import NumbersRoute
from api.http.dependencies import SettingsDep, Store
from api.http.errors import documented
from api.http.router import api_router
from api.responses.experiments import experiment_response, series_response
from api.series.incoming import history_of, plane_of
from core.plan.bounds import check_external_bounds
from gradlab.facts import Wiring
from gradlab.measurement.statistics import GRADIENT_STATISTIC_NAMES
from gradlab.schemas.experiments import ExperimentResponse
from gradlab.schemas.external import (
    BoundaryRequest,
    RunEndRequest,
    RunResumeRequest,
    SeriesRequest,
    SeriesResponse,
)

router = api_router("trainings elsewhere", "/experiments/{experiment_id}/runs/{seed}", route_class=NumbersRoute)

# Two epochs of one tensor. Sent by name, each column has one list per epoch, with one number per tensor.
ROWS = [[0.031, 0.002, 0.04, 0.13, 0.11, 0, 0, 0], [0.028, 0.001, 0.037, 0.12, 0.09, 0, 0, 0]]
EPOCHS: dict[str, Any] = {"from_epoch": 1, "metrics": {"loss": [0.69, 0.67], "val_loss": [0.7, None]}}
BY_NAME = {
    name: [[number] for number in numbers]
    for name, numbers in zip(GRADIENT_STATISTIC_NAMES, zip(*ROWS, strict=True), strict=True)
}
EXAMPLES: dict[str, Example] = {
    "two epochs": {"summary": "two epochs", "value": EPOCHS | {"series": {"gradients": BY_NAME}}},
    "columns by position": {
        "summary": "two epochs, columns by position (deprecated)",
        "value": EPOCHS | {"series": {"gradients": [[row] for row in ROWS]}},
    },
}
SeriesBody = Annotated[SeriesRequest, Body(openapi_examples=EXAMPLES)]
RESPONSES: dict[int | str, dict[str, Any]] = documented(401, 404, 409, 413, 415, 422, 503)


@router.put("/series", responses=RESPONSES, summary="Send epochs")
def send_series(
    experiment_id: UUID, seed: Annotated[int, Path(ge=0, le=2**32 - 1)], request: SeriesBody, store: Store
) -> SeriesResponse:
    """Send the next epochs of a run of an experiment with `source: external`. All of them are stored, or none.

    Send all columns of each kind, by name and in any order; `always_zero_fraction` of gradients may be left out.
    (Columns by position are deprecated: this is the last version that accepts them.) To send epochs again changes
    nothing. Epochs that leave a gap, or differ from those stored, are refused with 409 and the epoch that is expected
    next. A cancelled experiment refuses all epochs with 409.

    A request without metrics and series is a sign of life. If none arrives before `expected_by`, the experiment is
    shown as silent.
    """
    history = history_of(request, store.get(experiment_id), store.layout(experiment_id))
    return series_response(store.external.receive(experiment_id, seed, history), seed)


@router.put("/wiring", status_code=204, responses=RESPONSES, summary="Send how a run is put together")
def send_wiring(
    experiment_id: UUID, seed: Annotated[int, Path(ge=0, le=2**32 - 1)], wiring: Annotated[Wiring, Body()], store: Store
) -> None:
    """Send how the first updates of a run show it to be put together. What was sent before is replaced."""
    store.facts.receive_wiring(experiment_id, seed, wiring)


@router.put("/boundary", status_code=204, responses=RESPONSES, summary="Send the decision boundary of a run")
def send_boundary(
    experiment_id: UUID, seed: Annotated[int, Path(ge=0, le=2**32 - 1)], request: BoundaryRequest, store: Store
) -> None:
    """Send the outputs of a run's network of two inputs on a grid of 32 × 32 points, which shows its boundary.

    What was sent before is replaced. All runs of an experiment have the same axes. No sample is in it. Refused with 409
    while its epoch is not stored.
    """
    store.external.receive_plane(experiment_id, seed, request.epoch, plane_of(request))


@router.post("/end", responses=RESPONSES, summary="End a run")
def end_run(
    experiment_id: UUID, seed: Annotated[int, Path(ge=0, le=2**32 - 1)], request: RunEndRequest, store: Store
) -> ExperimentResponse:
    """End a run as completed, or as failed with an error. The experiment ends with its last run; failed if any run did.

    A run that is completed before its last epoch was stopped early, or its loss was not finite; see `stopped_by`.
    """
    return experiment_response(store.external.end(experiment_id, seed, request.reason()))


@router.post("/resume", responses=RESPONSES, summary="Let a run go on")
def resume_run(
    experiment_id: UUID,
    seed: Annotated[int, Path(ge=0, le=2**32 - 1)],
    request: RunResumeRequest,
    store: Store,
    settings: SettingsDep,
) -> ExperimentResponse:
    """Let a run of an experiment with `source: external` go on from a checkpoint, whether or not it has ended.

    The experiment is running again, with `epochs` as its last planned epoch. Epochs behind `after` are dropped, because
    the training goes on from an earlier state. A cancelled experiment is refused with 409, and so is an `after` that is
    not stored. The same request again changes nothing until the next epoch is sent.
    """
    if request.epochs is not None:
        spec = store.get(experiment_id).sent_spec()
        check_external_bounds(spec.model_copy(update={"epochs": request.epochs}), settings)
    return experiment_response(store.external.resume(experiment_id, seed, request.after, request.epochs))
