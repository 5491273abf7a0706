"""A study of ten thousand cells, each with five seeds, all of which have ended without being trained."""

from typing import Any

from sqlalchemy import update

from core.store import ExperimentStore
from core.store.database import writing
from core.store.study_reading import RESULT
from core.store.study_tables import cells
from core.study import CellResult, SeedOutcome
from gradlab.schemas.status import CellStatus
from tests.builders import a_spec

SIDE = 100


def a_large_study() -> dict[str, Any]:
    """The study as a request."""
    axes = [
        {"knob": "learning_rate", "range": {"first": 1e-4, "last": 1.0, "count": SIDE, "spacing": "log"}},
        {"knob": "width", "range": {"first": 1, "last": SIDE}},
    ]
    return {"base": a_spec().model_dump(mode="json"), "axes": axes, "seeds": [0, 1, 2, 3, 4]}


def end_waiting_cells(store: ExperimentStore) -> None:
    """Give every waiting cell a result."""
    seeds = tuple(SeedOutcome(seed, 0.5 + seed / 10, seed == 1, (0.1,)) for seed in range(5))
    result = RESULT.dump_json(CellResult("at risk", "dead_units", seeds)).decode()
    with writing(store._engine) as connection:
        waiting = cells.c.status == CellStatus.waiting
        connection.execute(update(cells).where(waiting).values(status=CellStatus.completed, result=result))
