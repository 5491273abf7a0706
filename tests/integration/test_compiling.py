"""Compilation: a program is found on disk whatever its process traced before, and nobody waits for it needlessly."""

import re
import threading
from concurrent.futures import Future

import numpy as np
import pytest
import tensorflow as tf
from structlog.contextvars import bound_contextvars, get_contextvars
from tensorflow.python.eager import context

from core.plan import widths
from core.training import definitions, program_cache
from core.training.begun import Begun
from core.training.beside import Beside
from core.training.compiled import Compiled
from core.training.data import Data
from core.training.train import train
from gradlab.measurement.history import RunChunk
from gradlab.spec import ExperimentSpec
from tests.fitting import trained
from tests.integration.test_training import DROPPED, HE, NORMALISED, OUTPUT, a_spec

RECURRENT = [{"kind": "reshape", "target_shape": [2, 1]}, {"kind": "gru", "units": 2}, OUTPUT]


@pytest.fixture(autouse=True)
def no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_cache, "_programs", type(program_cache._programs)())


def handed_to_xla(spec: ExperimentSpec) -> tuple[str, str]:
    """All that XLA makes its key on disk from, of a program that is traced anew; and the name in it."""
    width = program_cache.width_for(spec)
    program = program_cache._new(spec, width, program_cache.architecture(spec, width))
    arguments = program._arguments(Data(spec), np.zeros((0, width, program._update.padded), np.int32), 1)
    called = program._run._for(arguments)
    text = (
        context.context()
        .get_compiler_ir(
            device_name="/job:localhost/replica:0/task:0/device:CPU:0",
            platform_name=None,
            function_name=called._name,
            flat_args=tf.nest.flatten(arguments),
            captured_inputs=called._captured,
        )
        .decode()
    )
    (name,) = set(re.findall(r"[0-9a-f]{16}_[0-9a-f]{8}", text))
    return text.replace(name, "program"), name


@pytest.mark.parametrize("layers", [[*NORMALISED, *DROPPED], RECURRENT], ids=["side by side", "recurrent"])
def test_xla_finds_a_program_whatever_its_process_has_traced_before(monkeypatch: pytest.MonkeyPatch, layers: list):
    monkeypatch.setattr(definitions, "_holders", {})
    spec = a_spec(layers=layers, seeds=[0, 1, 2], optimizer={"kind": "adam"})
    (first, name), (second, other) = handed_to_xla(spec), handed_to_xla(spec)
    assert first == second
    assert name.endswith("_00000000"), "of whichever trace it is"
    assert other != name, "TensorFlow refuses two functions of one name"


def test_all_pieces_of_an_epoch_have_one_program(monkeypatch: pytest.MonkeyPatch):
    """XLA takes a number with which a loop slices for a constant, of which the program has no argument."""
    monkeypatch.setattr(widths, "MAX_TRACED_NUMBERS", 1)
    spec = a_spec(layers=[HE, OUTPUT])
    program = program_cache._new(spec, 1, "pieces")
    piece = tf.function(program._epochs.piece, jit_compile=True, autograph=False)
    entry = piece.experimental_get_compiler_ir(*program._idle(Data(spec)))(stage="hlo").split("ENTRY")[1]
    assert len(re.findall(r"= s32\[\] parameter\(", entry)) == 2, "the epoch's number, and the piece's begin"


def test_what_fails_beside_a_training_is_raised_in_it():
    def failing() -> None:
        raise MemoryError("beside")

    with Beside() as beside:
        beside.do(failing)
        beside.do(int)
        with pytest.raises(MemoryError, match="beside"):
            beside.wait()


@pytest.mark.parametrize("layers", [[HE, OUTPUT], RECURRENT], ids=["side by side", "recurrent"])
def test_epoch_0_and_its_checkpoint_come_while_the_program_is_still_being_compiled(
    monkeypatch: pytest.MonkeyPatch, layers: list
):
    spec, compiles, go_on = a_spec(layers=layers, seeds=[0, 1]), threading.Event(), threading.Event()
    expected = list(train(spec))
    program_cache._programs.clear()
    call = Compiled.__call__

    def delayed(self: Compiled, *arguments: object) -> object:
        if self.jit:
            compiles.set()
            assert go_on.wait(60)
        return call(self, *arguments)

    monkeypatch.setattr(Compiled, "__call__", delayed)
    chunks = train(spec)
    first = next(chunks)
    assert compiles.wait(60)
    assert first.runs[0].history.last_epoch == 0
    begun = first.checkpoint()
    go_on.set()
    rest = list(chunks)
    for ours, before in zip(trained(rest, 1).values(), trained(expected, 1).values(), strict=True):
        np.testing.assert_array_equal(ours, before)
    resumed = list(train(spec, begun))
    np.testing.assert_array_equal(trained(resumed, 1)["metrics"], trained(rest, 1)["metrics"])


def test_nothing_is_compiled_for_a_triage():
    (chunk,) = train(a_spec(layers=[HE, OUTPUT], seeds=[0, 1], epochs=0))
    assert chunk.ended
    (program,) = program_cache._programs.values()
    assert program._run.traces == 0


def at_epoch_0(spec: ExperimentSpec) -> list[RunChunk]:
    return [run for chunk in train(spec) for run in chunk.runs if run.history.first_epoch == 0]


def test_a_triage_measures_the_bits_that_a_training_does_at_epoch_0():
    both = {"layers": [*NORMALISED, *DROPPED], "seeds": [0, 1, 2], "record": "full"}
    triage, training = (at_epoch_0(a_spec(**both, epochs=epochs)) for epochs in (0, 1))
    for ours, theirs in zip(triage, training, strict=True):
        np.testing.assert_array_equal(ours.history.metrics, theirs.history.metrics)
        assert ours.history.series.keys() == theirs.history.series.keys()
        for kind, values in ours.history.series.items():
            np.testing.assert_array_equal(values, theirs.history.series[kind], err_msg=kind)


def test_work_that_failed_is_raised_and_tried_again():
    failures = [OSError("no room"), None]

    def work() -> None:
        if failure := failures.pop(0):
            raise failure

    begun = Begun("compile")
    begun.begin(work)
    with pytest.raises(OSError, match="no room"):
        begun.wait()
    begun.begin(work)
    begun.wait()
    assert not failures


def test_what_other_threads_log_names_the_experiment():
    seen, begun = [], Begun("compile")
    with bound_contextvars(experiment_id="this"), Beside() as beside:
        begun.begin(lambda: seen.append(get_contextvars()))
        begun.wait()
        beside.do(lambda: seen.append(get_contextvars()))
        beside.wait()
    assert seen == [{"experiment_id": "this"}] * 2


def test_a_waiter_that_wakes_late_does_not_forget_what_began_meanwhile():
    begun, ended = Begun("any"), list[int]()

    class Late(Future[None]):
        def result(self, timeout: float | None = None) -> None:
            begun._work = None  # another waiter was first
            begun.begin(ended.append, 1)
            raise OSError("no room")

    begun._work = Late()
    with pytest.raises(OSError, match="no room"):
        begun.wait()
    begun.begin(ended.append, 2)
    begun.wait()
    assert ended == [1]
