"""Costs of trainings are kept, machine by machine, as far as they predict the next ones."""

from datetime import timedelta
from functools import partial

import pytest

from core.plan.calibration import Calibration, Record
from core.plan.cost import Measured
from core.plan.estimate import estimate, plan
from core.store.cost_store import LATELY, MAX_RECORDS
from tests.builders import a_spec
from worker.costs import Measuring, machine

SPEC = a_spec(epochs=3)


def a_record(name: str, seconds: float = 1.0, held: int | None = None) -> Record:
    return Record(name, plan(SPEC), Measured(seconds, 0.5, 1, 3, held))


def test_a_record_comes_back_as_it_was_kept(store):
    kept = [a_record("one", 1.5, 2**40), a_record("two")]
    for record in kept:
        store.costs.add(record)
    assert store.costs.recent() == kept
    assert Calibration.of(store.costs.recent()).source == "records of 2 machines"


def test_of_each_machine_the_latest_records_are_kept(store):
    store.costs.add(a_record("other", 7.0))
    for seconds in range(MAX_RECORDS + 5):
        store.costs.add(a_record("one", float(seconds)))
    kept = store.costs.recent()
    assert [record.measured.start_seconds for record in kept if record.machine == "one"] == list(
        range(5, MAX_RECORDS + 5)
    )
    assert [record.measured.start_seconds for record in kept if record.machine == "other"] == [7.0]


def test_a_machine_that_took_no_work_lately_is_not_asked(store, clock):
    store.costs.add(a_record("gone"))
    clock.forward(LATELY + timedelta(seconds=1))
    assert store.costs.recent() == []
    store.costs.add(a_record("here"))
    assert [record.machine for record in store.costs.recent()] == ["here"]


@pytest.fixture
def trainer(store):
    from core.training.train import train

    return Measuring(partial(train, chunk_seconds=0.5), store)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_training_is_recorded_when_its_program_was_compiled_for_it(store, trainer):
    asked = a_spec(epochs=4, layers=3, units=7, seeds=(0, 1))
    list(trainer(asked, None))
    (record,) = store.costs.recent()
    assert (record.machine, record.plan) == (machine(), plan(asked))
    assert (record.measured.groups, record.measured.epochs) == (1, 4)
    assert record.measured.start_seconds > 0 < record.measured.rest_seconds
    assert estimate(asked, Calibration.of([record])).source == "records of 1 machine"
    list(trainer(asked, None))  # compiled already
    list(trainer(a_spec(epochs=0, layers=3, units=9), None))  # a triage
    assert store.costs.recent() == [record]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_memory_is_recorded_of_a_process_first_training_alone(store, trainer):
    for units in (11, 12):
        list(trainer(a_spec(epochs=1, units=units), None))
    first, second = store.costs.recent()
    assert first.measured.bytes is not None
    assert second.measured.bytes is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_training_that_was_broken_off_is_not_recorded(store, trainer):
    chunks = trainer(a_spec(epochs=5, units=13), None)
    next(chunks)
    chunks.close()
    assert store.costs.recent() == []
