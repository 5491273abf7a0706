"""Endpoints of experiments: submit, validate, list, get, cancel, delete."""

from typing import Annotated
from uuid import UUID

from fastapi import Body, Header, Query, Request, Response

from api.http.bodies import SpecRoute
from api.http.cursor import Cursor, next_page, read_cursor
from api.http.dependencies import ServicesDep, SettingsDep, Store, etag_of
from api.http.errors import documented
from api.http.router import api_router
from api.responses.experiments import experiment_response, experiments_response, validation_response
from core.plan.bounds import check_bounds
from core.records import Filters
from core.store import Submission
from core.use_cases import experiments
from gradlab.diagnosis.conclusion import Verdict
from gradlab.frozen import Name
from gradlab.schemas.experiments import ExperimentResponse, ExperimentsResponse, ValidationResponse
from gradlab.schemas.lists import Sort
from gradlab.schemas.status import Status
from gradlab.spec import AnySpec, ExperimentSpec

router = api_router("experiments", "/experiments", route_class=SpecRoute)

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
EXTERNAL_EXAMPLE = {
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
    "external": {"summary": "external training", "value": EXTERNAL_EXAMPLE},
}
SpecBody = Annotated[AnySpec, Body(openapi_examples=EXAMPLES)]
IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=200, pattern=r"^[\x20-\x7e]+$")]


@router.post("", status_code=202, responses=documented(401, 409, 413, 415, 422, 503), summary="Submit an experiment")
async def submit(
    spec: SpecBody, response: Response, services: ServicesDep, idempotency_key: IdempotencyKey = None
) -> ExperimentResponse:
    """Queue an experiment; a worker trains it.

    With `source: external` the service trains nothing. The experiment's status is `running` at once, and the training
    sends its series to the endpoints under `runs/{seed}`. A request that repeats an earlier `Idempotency-Key` and spec
    returns the experiment of the earlier request.
    """
    experiment = await services.submitter.submit(Submission(spec, idempotency_key))
    response.headers["Location"] = f"/experiments/{experiment.id}"
    return experiment_response(experiment)


@router.post("/validate", responses=documented(401, 409, 413, 415, 422, 503), summary="Validate a spec")
def validate(spec: Spec, settings: SettingsDep, store: Store) -> ValidationResponse:
    """Validate a spec, count its parameters and estimate its cost. Nothing is queued."""
    check_bounds(spec, settings)
    return validation_response(spec, experiments.calibration(store=store))


@router.get("", responses=documented(304, 401, 422, 503), summary="List experiments")
def list_experiments(
    request: Request,
    response: Response,
    store: Store,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Cursor = None,
    status: Annotated[list[Status], Query(max_length=20, description="repeatable; all by default")] = [],
    search: Annotated[Name | None, Query(description="text that the name contains")] = None,
    id_prefix: Annotated[
        str | None, Query(pattern="^[0-9a-fA-F-]{1,36}$", description="digits that the id begins with")
    ] = None,
    verdict: Annotated[list[Verdict], Query(max_length=4, description="repeatable; all by default")] = [],
    trial: Annotated[
        bool | None, Query(description="true for trials of treatments, false for all others; both by default")
    ] = None,
    trial_of: Annotated[UUID | None, Query(description="experiment whose treatments' trials are listed")] = None,
    root_cause: Annotated[
        list[Name], Query(max_length=20, description="rule that is the root cause; repeatable; all by default")
    ] = [],
    cell: Annotated[
        bool | None, Query(description="true for cells that studies have added, false for all others; both by default")
    ] = None,
    study: Annotated[UUID | None, Query(description="study whose cells' experiments are listed")] = None,
    sort: Annotated[Sort, Query(description="newest first, worst verdict first, or by root cause")] = "newest",
) -> ExperimentsResponse:
    """List experiments, a page at a time: newest first, the worst verdict first, or by root cause.

    Each trial of a treatment names what it is a trial of.
    """
    filters = Filters(search, id_prefix, verdict, trial, trial_of, root_cause, cell, study, sort)
    page = store.page(limit=limit, before=read_cursor(cursor), status=status, filters=filters)
    state = [(each.id, each.revision, each.diagnosis, each.treatment) for each in page.experiments], page.next
    response.headers["ETag"] = etag_of(request, state)
    return experiments_response(page, next=next_page(request, page.next))


@router.get("/{experiment_id}", responses=documented(304, 401, 404, 422, 503), summary="Get an experiment")
def get_experiment(experiment_id: UUID, request: Request, response: Response, store: Store) -> ExperimentResponse:
    """Get an experiment: status, progress, spec, verdict, final metrics of each run, and versions that trained it."""
    with store.reading_together():
        revision = store.revision(experiment_id)
        verdict, treatment = store.verdicts.get(experiment_id), store.treatments.newest(experiment_id)
        response.headers["ETag"] = etag_of(request, (revision, verdict, treatment))
        experiment = store.get(experiment_id)
    return experiment_response(experiment)


@router.post("/{experiment_id}/cancel", responses=documented(401, 404, 409, 422, 503), summary="Cancel an experiment")
def cancel_experiment(experiment_id: UUID, store: Store) -> ExperimentResponse:
    """Cancel an experiment: at once if it is queued, after the next chunk of epochs if it is running.

    Recorded series are kept. An external training is cancelled at once; its next request is answered with 409.
    """
    return experiment_response(experiments.cancel(experiment_id, store=store))


@router.delete(
    "/{experiment_id}", status_code=204, responses=documented(401, 404, 422, 503), summary="Delete an experiment"
)
def delete_experiment(experiment_id: UUID, store: Store) -> None:
    """Delete an experiment with all its series. If it is running, its worker stops after the next chunk of epochs."""
    experiments.delete(experiment_id, store=store)
