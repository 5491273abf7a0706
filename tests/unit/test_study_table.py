"""Tables of studies as they are written: without models, and yet as the models say."""

from datetime import UTC, datetime
from uuid import UUID

from api.responses.studies import table_json, table_response
from core.study import Cell, CellPlace, CellResult, Pruned, SeedOutcome, StudyRecord
from gradlab.schemas.status import CellStatus, StudyStatus
from gradlab.schemas.studies import PrunedResponse
from gradlab.spec.study import StudySpec
from tests.builders import a_spec

GROWTH = {"name": "growth", "series": "signals", "statistic": "rms", "epoch": 0, "reduce": "growth"}
SPEC = StudySpec.model_validate(
    {"base": a_spec().model_dump(), "axes": [{"knob": "width", "values": [4, 8, 16]}], "measures": [GROWTH]}
)
LEARNS = CellResult("healthy", None, (SeedOutcome(0, 0.9, False, (1.0,)), SeedOutcome(1, None, True, (None,))))
FAILS = CellResult("ill", "vanishing_signal", (SeedOutcome(2, 0.5, True, (0.1,)),))
CELLS = [
    Cell(CellPlace(0, 0), (4,), (0, 1), CellStatus.completed, UUID(int=1), seeds_done=2, result=LEARNS, seconds=1.5),
    Cell(CellPlace(0, 1), (4,), (2,), CellStatus.completed, UUID(int=2), seeds_done=1, result=FAILS, seconds=0.5),
    Cell(CellPlace(1, 0), (8,), (0, 1), CellStatus.pruned, UUID(int=3), pruned=Pruned(20, None)),
    Cell(CellPlace(2, 0), (16,), (0, 1), CellStatus.refused, error="too large"),
]
RECORD = StudyRecord(
    id=UUID(int=9),
    spec=SPEC,
    status=StudyStatus.completed,
    revision=3,
    state=(3, 0),
    stopped="all cells",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    finished_at=None,
    error=None,
    cells=3,
    drawn=3,
    counts={},
    trainings=7,
    trainings_done=7,
    reused=0,
    seconds=2.0,
)


def test_the_table_as_json_is_that_of_its_models():
    table = table_response(RECORD, CELLS)
    assert table_json(RECORD, CELLS).decode() == table.model_dump_json()
    first, pruned, refused = table.rows
    assert (first.verdict, first.root_cause, first.seeds_done, first.seconds) == ("ill", "vanishing_signal", 3, 2.0)
    assert first.metric is not None
    assert first.failing is not None
    assert (first.metric.median, first.metric.count, first.failing.count, first.failing.of) == (0.7, 2, 2, 3)
    assert first.measures == {"growth": 0.55}
    assert pruned.pruned == PrunedResponse(epoch=20, value=None)
    assert (refused.error, refused.metric, refused.measures) == ("too large", None, {"growth": None})
