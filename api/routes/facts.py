"""Endpoints of facts: what rules need to know of an experiment's samples."""

from typing import Annotated
from uuid import UUID

from fastapi import Body

from api.http.bodies import NumbersRoute
from api.http.dependencies import ETag, Queue, Store
from api.http.errors import documented
from api.http.router import api_router
from core.use_cases.facts import request
from gradlab.errors import NotFound
from gradlab.facts import Facts

router = api_router("diagnosis", "/experiments/{experiment_id}/facts", route_class=NumbersRoute)


@router.get("", responses=documented(304, 401, 404, 422, 503), summary="Get the facts about the data")
def facts(experiment_id: UUID, store: Store, queue: Queue, etag: ETag) -> Facts:
    """Return the numbers about the data on which the diagnosis rests. No sample is among them.

    A worker works them out before the first update. Those of an experiment of an earlier version are worked out when
    they are first requested: until then the answer is 404.
    """
    stored = store.facts.get(experiment_id)
    if stored is not None:
        return stored
    experiment = store.get(experiment_id)
    request(experiment, store=store, queue=queue)
    who = "its sender has sent none" if experiment.is_external else "a worker is going to work them out: ask again"
    raise NotFound(f"There are no facts about this experiment's data yet: {who}.")


@router.put("", status_code=204, responses=documented(401, 404, 409, 413, 415, 422, 503), summary="Send facts")
def send_facts(experiment_id: UUID, sent: Annotated[Facts, Body()], store: Store) -> None:
    """Send the facts of an experiment with `source: external`. What was sent before is replaced."""
    store.facts.receive(experiment_id, sent)
