"""The engine as a side of `bench.sizes`: trainings that go on turn by turn, and the parts of an epoch's time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any
from unittest.mock import patch

import tensorflow as tf

from bench.sizes.side import ENDLESS, TURN_SECONDS, Measured
from core.plan.graphs import has_large_kernels, trains_plainly
from core.plan.pieces import validation_rows
from core.training import train as engine
from core.training.batches import evaluated
from core.training.beside import Beside
from core.training.compiled import Compiled
from core.training.data import Data
from core.training.forms import training_forms
from core.training.meter import Meter
from core.training.network import Network
from core.training.program import Program
from core.training.stack import Stack
from core.training.task import Task
from core.training.train import train
from gradlab.measurement.history import Chunk
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets import Dataset

# Epochs of the training that gives the first answers: the second chunk has one, the third what its time allows.
FIRST_EPOCHS = 3
# Chunks of a training before they come evenly: epoch 0, the first trained epoch, and the one that waits for the next.
UNEVEN_CHUNKS = 3
VALIDATIONS = 3
# A factor whose product with a loss changes no input in float32.
UNSEEN = 1e-30


class EngineTraining:
    """Two trainings of one spec by the engine: one for the first answers, then one without an end for the turns."""

    def __init__(self, spec: ExperimentSpec, samples: Dataset | None) -> None:
        self.spec, self.samples = spec, samples
        self._chunks: Iterator[Chunk] = iter(())

    def first(self) -> Measured:
        """Train an architecture that this process has not seen, and begin the training that turns go on with.

        Returns:
            Seconds to epoch 0 and to the first trained epoch, of processors likewise, and the rise of the process's
            memory in bytes.
        """
        spec = self._of_epochs(FIRST_EPOCHS)
        meter = Meter(spec)
        begun, busy = time.perf_counter(), time.process_time()
        chunks = meter.through(train(spec, samples=self.samples))
        ends = [(time.perf_counter() - begun, time.process_time() - busy) for _ in chunks]
        assert meter.measured is not None
        (epoch_0, _), (first, busy) = ends[:2]
        self._begin()
        return {"epoch_0": epoch_0, "first": first, "busy": busy, "bytes": meter.measured.bytes or 0}

    def turn(self) -> Measured:
        """Train for a while; return the seconds of an epoch. Raises RuntimeError if the training has diverged."""
        seconds = busy = 0.0
        epochs = 0
        while not epochs or seconds < TURN_SECONDS:
            begun, busy_begun = time.perf_counter(), time.process_time()
            chunk = next(self._chunks, None)
            if chunk is None:
                raise RuntimeError("expected a training that goes on; it has ended")
            seconds += time.perf_counter() - begun
            busy += time.process_time() - busy_begun
            epochs += len(chunk.runs[0].history)
        return {"seconds": seconds / epochs, "busy": busy / epochs, "epochs": epochs}

    def _begin(self) -> None:
        """Begin a training; return once chunks come evenly.

        The first ones are short, and a chunk is yielded while the next one is trained. So the time until the second
        trained chunk is that of two, or of one that is eight times as long.
        """
        begun = time.perf_counter()
        self._chunks = train(self._of_epochs(ENDLESS), samples=self.samples)
        for number, _ in enumerate(self._chunks, start=1):
            if number >= UNEVEN_CHUNKS and time.perf_counter() - begun >= TURN_SECONDS:
                return

    def _of_epochs(self, epochs: int) -> ExperimentSpec:
        training = self.spec.training.model_copy(update={"epochs": epochs})
        return self.spec.model_copy(update={"training": training})


def parts(recording: EngineTraining, bare: EngineTraining) -> Measured:
    """Divide the time of an epoch: seconds of training, statistics, validation and Python.

    Statistics are what the compiled program takes longer than with nothing recorded, and the time that a call of the
    program waits for the measurements beside it. Python is the time outside these calls.

    Args:
        recording: the training to divide.
        bare: the same, with nothing recorded.
    """
    whole, called, ran = _divided(recording)
    _, called_bare, _ = _divided(bare)
    validation = _validation_seconds(bare)
    return {
        "training": max(0.0, called_bare - validation),
        "statistics": max(0.0, ran - called_bare),
        "validation": validation,
        "python": max(0.0, whole - ran),
        "program": called,
    }


def _divided(training: EngineTraining) -> tuple[float, float, float]:
    """Return seconds of an epoch: in all, in the compiled program, and in it or waiting for measurements."""
    with (
        _timed(Program, "_call") as in_program,
        _timed(Beside, "wait") as waits,
        _timed(engine, "concatenated") as ends,
    ):
        measured = training.turn()
    epochs = measured["epochs"]
    return measured["seconds"], sum(in_program) / epochs, sum([*in_program, *waits, *ends]) / epochs


@contextmanager
def _timed(owner: Any, name: str) -> Iterator[list[float]]:
    """Collect the seconds of each call of a method, or of a module's function."""
    seconds: list[float] = []
    method = getattr(owner, name)

    def timed(*arguments: Any, **options: Any) -> Any:
        begun = time.perf_counter()
        result = method(*arguments, **options)
        seconds.append(time.perf_counter() - begun)
        return result

    with patch.object(owner, name, timed):
        yield seconds


def _validation_seconds(training: EngineTraining) -> float:
    """Return the seconds of an epoch's validation: a loop of several in one program, as a call alone takes longer."""
    spec, data = training.spec, Data(training.spec, training.samples)
    stack, task = Stack(training_forms(Network(spec, seed=0), spec), 1), Task(spec)
    rows, (_, _, x, y) = validation_rows(spec, stack.width), data.arrays

    def several(count: Any, x: Any, y: Any) -> Any:
        def again(number: Any, before: Any) -> tuple[Any, Any]:
            # Each depends on the one before, so that all are computed.
            return number + 1, evaluated(stack, task, x + UNSEEN * before, y, rows)[0, 0]

        return tf.while_loop(lambda number, _: number < count, again, (0, tf.zeros(())))[1]

    program = Compiled(several, jit=not trains_plainly(spec), large=has_large_kernels(spec))

    def seconds(count: int) -> float:
        begun = time.perf_counter()
        program(tf.constant(count), x, y).numpy()
        return time.perf_counter() - begun

    seconds(1)  # compiles
    count = max(1, int(TURN_SECONDS / VALIDATIONS / seconds(1)))
    return median(seconds(count) / count for _ in range(VALIDATIONS))
