"""Compilation ahead: of the experiment that waits, while another one trains, and at a worker's start."""

import time
from concurrent.futures import Future
from functools import partial

import pytest

from core.plan.architecture import architecture_hash
from core.settings import Settings
from core.training import program_cache
from core.training.program import Program
from core.training.train import train
from gradlab.measurement.history import Chunk
from gradlab.spec import ExperimentSpec
from tests.builders import a_spec
from tests.fitting import trained
from tests.servers import wait_until
from worker import compiling

WAITING = a_spec(epochs=3, layers=3, units=7)


@pytest.fixture(autouse=True)
def no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_cache, "_programs", type(program_cache._programs)())
    monkeypatch.setattr(program_cache, "_ahead", set())


def compiled_ahead(spec: ExperimentSpec) -> Program:
    program_cache.compile_ahead(spec, spec.dataset.load())
    (program,) = program_cache._programs.values()
    return program


def bits(chunks: list[Chunk]) -> dict[str, bytes]:
    return {kind: values.tobytes() for kind, values in trained(chunks).items()}


def test_a_training_uses_the_program_that_was_compiled_ahead_and_has_the_same_bits():
    expected = bits(list(train(WAITING)))
    program_cache._programs.clear()
    program = compiled_ahead(WAITING)
    assert program_cache.waits_ahead()
    program_cache.compile_ahead(WAITING, WAITING.dataset.load())
    chunks = train(WAITING)
    first = next(chunks)
    assert not program_cache.waits_ahead()
    assert program_cache.made()
    assert not program_cache.held(), "it is lent"
    assert bits([first, *chunks]) == expected
    assert list(program_cache._programs.values()) == [program]
    assert program._run.traces == 1


def test_a_program_that_could_not_be_compiled_ahead_is_compiled_anew_by_its_training():
    program = compiled_ahead(WAITING)
    program.wait()
    failed: Future[None] = Future()
    failed.set_exception(MemoryError("no room at the time"))
    program._run._compilation = failed
    assert len(list(train(WAITING))) > 1
    assert program not in program_cache._programs.values()


def test_beside_a_training_the_next_waiting_one_is_compiled_and_no_other_before_that_is_used(store, monkeypatch):
    monkeypatch.setattr(compiling, "has_a_core_to_spare", lambda settings: True)
    training = store.add(a_spec(epochs=2))[0].id
    beside = partial(compiling.compiling_beside, training, store=store, load=lambda dataset: dataset.load())
    with beside(settings=Settings()):
        pass
    assert not program_cache.made(), "the memory of a process's first training is measured"
    program_cache.compile_now(a_spec(), a_spec().dataset.load())
    store.claim(training, worker="one")
    waiting = [store.add(a_spec(layers=3, units=units))[0] for units in (4, 5)]
    with beside(settings=Settings(max_memory_bytes=1)):
        pass
    assert not program_cache.waits_ahead(), "both together need more memory"
    with beside(settings=Settings()):
        wait_until(program_cache.waits_ahead)
        time.sleep(0.5)
        assert architecture_hash(waiting[0].spec) in program_cache.made()
        assert architecture_hash(waiting[1].spec) not in program_cache.made()
        list(train(waiting[0].spec))
        wait_until(lambda: architecture_hash(waiting[1].spec) in program_cache.made())


def test_a_worker_that_starts_compiles_until_there_is_something_else_to_do(store):
    for layers in (2, 3, 4):
        store.add(a_spec(layers=layers, units=4))
    prepared: list[bool] = []
    answers = iter([False, False, True])
    compiling.compile_at_start(
        lambda: next(answers), lambda: prepared.append(True), store=store, load=lambda dataset: dataset.load()
    )
    assert len(program_cache.held()) == len(prepared) == 2
    compiling.compile_at_start(lambda: True, lambda: prepared.append(True), store=store, load=lambda _: 1 / 0)
    assert len(prepared) == 2, "TensorFlow is not loaded for nothing"
