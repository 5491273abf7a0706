"""Compilation ahead: of the experiment that waits, while another one trains, and at a worker's start."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from core.plan.architecture import architecture_hash
from core.settings import Settings
from core.store import ExperimentStore
from core.training import program_cache
from core.training.compiled import Compiled
from core.training.program import Program
from core.training.train import train
from gradlab.measurement.history import Chunk
from gradlab.spec import ExperimentSpec
from tests.builders import a_spec
from tests.fitting import trained
from tests.servers import wait_until
from worker.compiling import Ahead

START_AND_TAKE_MESSAGES = """
from uuid import uuid4
from worker import tasks
tasks._get_ready()
for _ in range(2):
    try:
        tasks.train_experiment(str(uuid4()))
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
"""
WAITING = a_spec(epochs=3, layers=3, units=7)


@pytest.fixture(autouse=True)
def no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_cache, "_programs", type(program_cache._programs)())
    monkeypatch.setattr(program_cache, "_early", threading.Event())


def compiled_ahead(spec: ExperimentSpec) -> Program:
    program = program_cache.compile_ahead(spec, spec.dataset.load())
    assert program
    return program


def bits(chunks: list[Chunk]) -> dict[str, bytes]:
    return {kind: values.tobytes() for kind, values in trained(chunks).items()}


def ahead(store: ExperimentStore, **settings: int) -> Ahead:
    return Ahead(store, lambda dataset: dataset.load(), Settings(**settings))  # type: ignore[arg-type]


def test_a_training_uses_the_program_that_was_compiled_ahead_and_has_the_same_bits(monkeypatch: pytest.MonkeyPatch):
    expected = bits(list(train(WAITING)))
    program_cache._programs.clear()
    called: list[Compiled] = []
    call = Compiled.__call__

    def noted(self: Compiled, *arguments: Any) -> Any:
        called.append(self)
        return call(self, *arguments)

    monkeypatch.setattr(Compiled, "__call__", noted)
    program = compiled_ahead(WAITING)
    program.wait()
    recorder = program._recorder
    initial = (recorder._initial._run, recorder._initial._flows, recorder._initial._predict)
    functions = (program._run, *initial, recorder._flows, recorder._predict)
    assert [each.traces for each in functions] == [1] * 6, "what measures epoch 0 is there as well"
    assert {*called} == {program._run, recorder._flows, recorder._predict}, "called once, which prepares them"
    assert program_cache.compile_ahead(WAITING, WAITING.dataset.load()) is None
    chunks = train(WAITING)
    first = next(chunks)
    assert program_cache.made()
    assert not program_cache.held(), "it is lent"
    assert program_cache.compile_ahead(WAITING, WAITING.dataset.load()) is None
    assert bits([first, *chunks]) == expected
    assert list(program_cache._programs.values()) == [program]
    assert {*called} == {*functions}
    assert [each.traces for each in functions] == [1] * 6


def test_a_program_that_could_not_be_compiled_ahead_is_compiled_by_its_training():
    program = compiled_ahead(WAITING)
    program.wait()
    failed: Future[None] = Future()
    failed.set_exception(MemoryError("no room at the time"))
    program._compilation._work = failed
    assert len(list(train(WAITING))) > 1


def test_a_network_that_cannot_be_built_leaves_nothing_lent(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(program_cache, "_new", refuse)
    with pytest.raises(MemoryError):
        list(train(WAITING))
    assert not program_cache.made()


def test_a_training_is_lent_no_program_of_a_triage():
    list(train(WAITING.model_copy(update={"training": WAITING.training.model_copy(update={"epochs": 0})})))
    list(train(WAITING))
    assert len(program_cache.made()) == 2


def test_beside_a_training_the_next_waiting_one_is_compiled_and_no_other_before_that_is_claimed(store):
    training = store.add(a_spec(epochs=2))[0].id
    store.claim(training, worker="one")
    waiting = [store.add(a_spec(layers=3, units=units))[0] for units in (4, 5, 6)]

    def is_made(number: int) -> bool:
        return architecture_hash(waiting[number].spec) in program_cache.made()

    with ahead(store, max_memory_bytes=1).beside(training):
        time.sleep(0.3)
    assert not program_cache.made(), "both together need more memory"
    this = ahead(store)
    with this.beside(training):
        wait_until(lambda: is_made(0))
        time.sleep(0.5)
        assert not is_made(1)
    store.claim(waiting[0].id, worker="another")
    with this.beside(training):
        wait_until(lambda: is_made(1))
        store.cancel(waiting[1].id)
        wait_until(lambda: is_made(2))


def test_a_worker_that_starts_compiles_until_there_is_something_else_to_do(store):
    for layers in (2, 3, 4):
        store.add(a_spec(layers=layers, units=4))
    answers, prepared = iter([False, False, False, False, True]), list[bool]()
    ahead(store).at_start(lambda: next(answers), lambda: prepared.append(True))
    assert (len(program_cache.held()), prepared) == (2, [True])
    ahead(store).at_start(lambda: True, lambda: prepared.append(True))
    assert (len(program_cache.held()), prepared) == (2, [True])


def test_a_load_that_fails_at_the_start_is_logged_and_later_messages_name_its_cause(sqlite_url: str, tmp_path: Path):
    """The absent device is noticed once Keras has been imported, which cannot be prepared a second time."""
    own = {"DEVICE": "gpu:999", "DATA_DIR": str(tmp_path), "DATABASE_URL": sqlite_url}
    environment = os.environ | {f"GRADLAB_{name}": value for name, value in own.items()}
    command = [sys.executable, "-c", START_AND_TAKE_MESSAGES]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    logged, failed = ended.stderr, ended.stdout.splitlines()
    assert "level='error' event='not_loaded_at_start'" in logged
    assert "GRADLAB_DEVICE: expected a device" in logged
    assert len(failed) == 2
    assert all(error.startswith("Invalid: GRADLAB_DEVICE: expected a device") for error in failed)
