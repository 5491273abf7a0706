"""Studies while others change the same rows, on both databases: each waits for the other, and nothing is lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from sqlalchemy import Connection

from core.store import ExperimentStore, claims, study_reading, study_stopping, submissions
from core.store.database import writing
from core.use_cases.drawing import next_cells
from gradlab.schemas.status import CellStatus, Status, StudyStatus
from tests.integration.test_store_studies import a_study, begun, statuses, trained

Step = Callable[[Connection], object]


def beside(store: ExperimentStore, first: Step, other: Callable[[], Any], last: Step = lambda _: None) -> Any:
    """Begin something else between the two steps of a transaction. Return what it returned."""
    with ThreadPoolExecutor(1) as pool:
        with writing(store._engine) as connection:
            first(connection)
            waiting = pool.submit(other)
            assert not wait([waiting], timeout=0.5).done
            last(connection)
        return waiting.result(timeout=30)


def test_a_study_is_cancelled_while_the_training_of_a_cell_ends(store):
    study, (first, _) = begun(store, a_study(2, 3))
    claim = store.claim(first, worker="one")
    beside(
        store,
        lambda connection: claims.finish(connection, claim, Status.completed, store._clock(), None, None),
        lambda: store.studies.halt(study, StudyStatus.cancelled),
    )
    assert store.get(first).status is Status.completed
    assert statuses(store, study) == ["running", "waiting"], "the first has a result that was not read yet"


def test_a_cell_whose_earlier_training_is_being_deleted_is_trained_anew(store):
    _, (first,) = begun(store, a_study(2))
    trained(store, first)
    record, _ = store.studies.add(a_study(2, name="other"), [(2,)])
    drawn, _ = next_cells(record, store=store)
    needed = beside(
        store, lambda connection: submissions.remove(connection, first), lambda: store.studies.draw(record, drawn)
    )
    assert [store.get(each).status for each in needed] == [Status.queued]


def test_an_experiment_is_deleted_while_its_study_is_cancelled(store):
    study, (first, _) = begun(store, a_study(2, 3))
    store.claim(first, worker="one")
    beside(
        store,
        lambda connection: study_reading.find(connection, study),
        lambda: store.delete(first),
        lambda connection: study_stopping.halt(connection, study, StudyStatus.cancelled, store._clock()),
    )
    (cell, waiting) = store.studies.cells(study)
    assert (cell.is_over, cell.experiment_id, waiting.status) == (True, None, CellStatus.waiting)


def test_a_study_is_deleted_while_the_result_of_a_cell_is_written(store):
    study, (first,) = begun(store, a_study(2))
    trained(store, first)
    (cell,) = store.studies.over(study, limit=1)
    beside(
        store,
        lambda connection: study_reading.find(connection, study),
        lambda: store.studies.collect(study, cell, CellStatus.completed),
        lambda connection: study_stopping.remove(connection, study, store._clock()),
    )
    assert store.studies.page(limit=5).studies == ()
