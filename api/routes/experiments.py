"""Experiments: submit, validate, list, look at, cancel, delete."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Header, Query, Request, Response

from api.http.bodies import BodyRoute
from api.http.cursor import read_cursor, write_cursor
from api.http.dependencies import ETag, Queue, SettingsDep, Store, etag_of
from api.http.errors import documented
from api.responses.experiments import experiment_response, experiments_response, validation_response
from core.plan.bounds import check_bounds
from core.use_cases import experiments
from gradlab.schemas.experiments import ExperimentResponse, ExperimentsResponse, ValidationResponse
from gradlab.schemas.status import Status
from gradlab.spec import AnySpec, ExperimentSpec

router = APIRouter(prefix="/experiments", tags=["experiments"], route_class=BodyRoute)

EXAMPLE = {
    "name": "deep tanh",
    "dataset": {"kind": "circles", "samples": 1000, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 500},
    "model": {
        "layers": [
            {
                "kind": "dense",
                "units": 5,
                "activation": "tanh",
                "kernel_initializer": {"kind": "random_uniform", "minval": 0, "maxval": 1},
                "repeat": 5,
            },
            {
                "kind": "dense",
                "units": 1,
                "activation": "sigmoid",
                "kernel_initializer": {"kind": "random_uniform", "minval": 0, "maxval": 1},
            },
        ]
    },
    "training": {
        "loss": "binary_crossentropy",
        "optimizer": {"kind": "sgd", "learning_rate": 0.01, "momentum": 0.9},
        "epochs": 500,
        "batch_size": 32,
    },
    "seeds": [0],
}
Spec = Annotated[ExperimentSpec, Body(openapi_examples={"deep tanh": {"summary": "deep tanh", "value": EXAMPLE}})]
ELSEWHERE = {
    "source": "external",
    "name": "my own fit",
    "layers": [
        {
            "name": "dense",
            "class_name": "Dense",
            "output_shape": [1],
            "parameters": [{"name": "kernel", "shape": [2, 1]}],
        }
    ],
    "metrics": ["loss", "val_loss"],
    "epochs": 100,
    "seeds": [0],
}
EXAMPLES = {
    "deep tanh": {"summary": "deep tanh", "value": EXAMPLE},
    "elsewhere": {"summary": "trained elsewhere", "value": ELSEWHERE},
}
Submitted = Annotated[AnySpec, Body(openapi_examples=EXAMPLES)]
IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=200, pattern=r"^[\x20-\x7e]+$")]


@router.post("", status_code=202, responses=documented(401, 409, 413, 415, 422, 503), summary="Submit")
def submit(
    spec: Submitted,
    response: Response,
    store: Store,
    queue: Queue,
    settings: SettingsDep,
    idempotency_key: IdempotencyKey = None,
) -> ExperimentResponse:
    """Queue an experiment; training happens in a worker.

    With `source: external` nothing is trained here: the experiment is running at once, and is sent its series from
    wherever it is trained. With an `Idempotency-Key` that was sent before with the same spec, the answer is the
    experiment it made then.
    """
    experiment, _ = experiments.submit(
        spec, store=store, queue=queue, settings=settings, idempotency_key=idempotency_key
    )
    response.headers["Location"] = f"/experiments/{experiment.id}"
    return experiment_response(experiment)


@router.post("/validate", responses=documented(401, 413, 415, 422), summary="Validate")
def validate(spec: Spec, settings: SettingsDep, store: Store) -> ValidationResponse:
    """Check a spec, count its parameters and estimate its cost; nothing is queued."""
    check_bounds(spec, settings)
    return validation_response(spec, experiments.calibration(store=store))


@router.get("", responses=documented(304, 401, 422, 503), summary="List")
def list_experiments(
    request: Request,
    response: Response,
    store: Store,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(description="from the `next` of the page before")] = None,
    status: Annotated[list[Status], Query(max_length=20, description="repeatable: any of them; all by default")] = [],
    search: Annotated[str | None, Query(min_length=1, max_length=200, description="what their names contain")] = None,
) -> ExperimentsResponse:
    """List experiments, newest first, a page at a time."""
    found = store.page(limit=limit, before=read_cursor(cursor), status=status, search=search)
    state = [(each.id, each.revision) for each in found.experiments], found.next
    response.headers["ETag"] = etag_of(request, state)
    if found.next is None:
        return experiments_response(found, next=None)
    following = request.url.include_query_params(cursor=write_cursor(found.next))
    return experiments_response(found, next=f"{following.path}?{following.query}")


@router.get("/{experiment_id}", responses=documented(304, 401, 404, 422, 503), summary="Look")
def get_experiment(experiment_id: UUID, store: Store, etag: ETag) -> ExperimentResponse:
    """Look at an experiment: status, progress, spec, final metrics per run, what trained it."""
    return experiment_response(store.get(experiment_id))


@router.post("/{experiment_id}/cancel", responses=documented(401, 404, 409, 422, 503), summary="Cancel")
def cancel_experiment(experiment_id: UUID, store: Store) -> ExperimentResponse:
    """Cancel an experiment: at once if it is queued, at the next chunk if it is running. What was measured is kept.

    One that is trained elsewhere is cancelled at once, and whoever sends its series is told so with 409.
    """
    return experiment_response(experiments.cancel(experiment_id, store=store))


@router.delete("/{experiment_id}", status_code=204, responses=documented(401, 404, 422, 503), summary="Delete")
def delete_experiment(experiment_id: UUID, store: Store) -> None:
    """Delete an experiment with all its series; if it is running, its worker stops at the next chunk."""
    experiments.delete(experiment_id, store=store)
