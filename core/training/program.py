"""Whole epochs of training as one program, compiled by XLA where that is faster.

Network, loss and optimiser come from Keras; the loop is written here. One call trains a block of epochs of all seeds
side by side: shuffled batches, gradients, updates, validation. Nothing returns to Python in between, where `model.fit`
spends nearly all of its time on small networks. `core.training.recorder` computes the recorded series from the traces
of a block while the next block trains.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
import tensorflow as tf

from core.plan.cost import measures_long
from core.plan.graphs import has_large_kernels, trains_plainly
from core.plan.widths import MAX_CHUNK_EPOCHS, MAX_ORDER_ENTRIES, MAX_SERIES_NUMBERS
from core.training.architecture import variable_paths
from core.training.begun import Begun
from core.training.beside import Beside
from core.training.checkpoint import UnreadableError
from core.training.compiled import Compiled
from core.training.data import Data
from core.training.epochs import Epochs
from core.training.forms import training_forms
from core.training.network import LayerValues, Network, flattened
from core.training.recorder import BY_INITIAL, Recorder, Traces
from core.training.stack import Stack
from core.training.trained_epochs import Block, TrainedEpochs, concatenated
from gradlab.measurement.history import Layout, Variable
from gradlab.spec import ExperimentSpec


class Program:
    """The compiled training of one architecture, for any seeds, initial weights, and samples of the same shapes.

    Args:
        spec: the experiment.
        width: number of seeds side by side.
        name: the same for programs of one architecture: see `Compiled`.

    Attributes:
        stack: the networks that train side by side, one for each seed.
    """

    def __init__(self, spec: ExperimentSpec, width: int, name: str) -> None:
        self.stack = Stack(training_forms(Network(spec, seed=0), spec), width)
        self._layout, self._epochs = spec.layout, Epochs(spec, self.stack)
        self._update, self._patience, self._block = self._epochs.update, self._epochs.patience, self._epochs.block
        self._recorder = Recorder(spec, width, name)
        self._optimizer, self._variables = self._update.optimizer, self._epochs.variables
        self._fresh = [variable.numpy() for variable in self._variables]
        self._samples = spec.dataset.train_count
        self._in_pieces = self._update.at_once < self._update.batches
        self._compilation, self._tracing = Begun("compile"), Begun("trace")
        self._traces_early = bool(spec.training.epochs) and measures_long(spec)
        self._run = Compiled(
            self._epochs.piece if self._in_pieces else self._epochs.whole,
            jit=not trains_plainly(spec),
            name=name,
            variables=self._variables,
            large=has_large_kernels(spec),
        )

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """Path of each variable of a network in a `.keras` file; takes some tens of milliseconds, once."""
        return variable_paths(self.stack.network)

    @property
    def compiled(self) -> bool:
        """True while XLA compiles the program; False for a plain graph, from the beginning or after a fallback."""
        return self._run.jit

    @property
    def refusal(self) -> str | None:
        """XLA's reason for a fallback to a plain graph; None without one."""
        return self._run.refusal

    def measure_as(self, layout: Layout) -> None:
        """Record as often as this layout requires; it must have the same series as the program's spec."""
        self._layout = self._recorder.layout = layout

    @property
    def capacity(self) -> int:
        """Largest number of epochs that one call can train."""
        numbers = sum(np.prod(series.shape) / series.every for series in self._layout.series)
        fits = (
            MAX_ORDER_ENTRIES // (self._samples * self.stack.width),
            int(MAX_SERIES_NUMBERS / (numbers * self.stack.width + 1)),
        )
        return max(1, min(MAX_CHUNK_EPOCHS, *fits))

    def compile(self, data: Data, *, initially: bool = False) -> None:
        """Begin to trace and compile in other threads, if that was not done before. `wait` before you use the state.

        Args:
            data: the samples.
            initially: trace what measures epochs as well, for a training that has not begun.
        """
        self._compilation.begin(self._compile, data, initially)

    def wait(self) -> None:
        """Wait for the end of what `compile` began. Raises what it raised; another one may begin then."""
        try:
            self._compilation.wait()
        finally:
            self._recorder.wait()

    def begin(self, spec: ExperimentSpec, values: Sequence[list[LayerValues]]) -> None:
        """Set the state before the first update of some runs.

        Args:
            spec: has the learning rate.
            values: the layers' initial values for each place in the stack.
        """
        self.restore(self._fresh)
        self.stack.put([flattened(each) for each in values])
        rate = spec.training.optimizer.initial_learning_rate
        if rate is not None:  # a constant rate is data; a schedule is compiled into the program
            self._optimizer.learning_rate.assign(rate)

    def live(self) -> np.ndarray:
        """(seeds,) True for runs that have not ended."""
        live: np.ndarray = self._patience.ended.numpy() == 0
        return live

    def end(self) -> None:
        """Mark all runs as ended."""
        self._patience.end()

    def state(self) -> list[np.ndarray]:
        """Return the values of all variables that training changes, in a fixed order."""
        return [variable.numpy() for variable in self._variables]

    def of_seed(self, place: int) -> list[np.ndarray]:
        """Return weights, other variables and the optimiser's variables of one place, shaped for a stack of width 1."""
        variables = [self.stack.weights, *self.stack.state, *self._optimizer.variables]
        stacked = {variable.shape for variable in (self.stack.weights, *self.stack.state)}
        values = [(variable.shape in stacked, variable.numpy()) for variable in variables]
        return [value[place : place + 1] if whole else value for whole, value in values]

    def check(self, state: list[np.ndarray]) -> None:
        """Raise UnreadableError if arrays are no result of `state`: of other shapes or types."""
        if len(state) != len(self._fresh):
            raise UnreadableError(f"expected {len(self._fresh)} variables; received {len(state)}")
        for place, (ours, value) in enumerate(zip(self._fresh, state, strict=True)):
            if value.shape != ours.shape:
                raise UnreadableError(f"variable {place}: expected {ours.shape}; received {value.shape}")
            if value.dtype != ours.dtype:
                raise UnreadableError(f"variable {place}: expected {ours.dtype}; received {value.dtype}")

    def restore(self, state: list[np.ndarray]) -> None:
        """Set all variables to a result of `state`. Raises UnreadableError, with nothing set, as `check` does."""
        self.check(state)
        self.wait()  # the training before may have been broken off while the program was compiled
        for variable, value in zip(self._variables, state, strict=True):
            variable.assign(value)

    def initially(self, data: Data) -> TrainedEpochs:
        """Measure the state before the first update, epoch 0. Nothing is compiled for it.

        While the graph of a large network runs, which Python waits for, the program is traced.
        """
        traced = partial(self._tracing.begin, self._run.trace, *self._idle(data)) if self._traces_early else None
        weights, state = self.stack.weights.numpy(), [variable.numpy() for variable in self.stack.state]
        metrics, series = self._recorder.initially(weights, state, data, traced)
        rate = np.full((self.stack.width, 1), float(self._optimizer.learning_rate.numpy()), np.float32)
        names = 2 * self._epochs.task.name_count
        row = np.concatenate([metrics[:, :names], rate, metrics[:, names:]], axis=1)
        finite = np.isfinite(row[:, :names]).all(axis=1) & np.isfinite(weights).all(axis=1)
        self._patience.update(row, finite, 0)
        return TrainedEpochs(np.ones(len(row), np.int32), finite, np.zeros(len(row), bool), row[None], series)

    def run(self, data: Data, permutations: np.ndarray, first_epoch: int, seeds: int) -> TrainedEpochs:
        """Train epochs as `blocks` does, and wait until they are measured."""
        with Beside() as beside:
            return concatenated([each for each in self.blocks(data, permutations, first_epoch, seeds, beside) if each])

    def blocks(
        self, data: Data, permutations: np.ndarray, first_epoch: int, seeds: int, beside: Beside
    ) -> Iterator[Block | None]:
        """Train one epoch for each permutation of the samples.

        A run ends early if a loss, a metric or a weight is NaN or infinite at the end of an epoch. What measures the
        epochs after the first is traced meanwhile.

        Args:
            data: the samples.
            permutations: (epochs, places, samples) int32, at most `capacity` epochs.
            first_epoch: the number of the first of these epochs.
            seeds: number of places that are measured, the first ones.
            beside: the thread that measures what each call has left behind.

        Yields:
            After each call of the program, the block that it has ended; None for a piece inside of an epoch.
        """
        if first_epoch > BY_INITIAL:
            self._recorder.trace(data)
        train = self._piece_by_piece if self._in_pieces else self._whole_epochs
        for begin in range(0, len(permutations), self._block):
            yield from train(data, permutations[begin : begin + self._block], first_epoch + begin, seeds, beside)
            if not self.live().any():
                return

    def _whole_epochs(
        self, data: Data, block: np.ndarray, number: int, seeds: int, beside: Beside
    ) -> Iterator[Block | None]:
        """Train whole epochs, from `number` on."""
        before = self.stack.weights.numpy()
        done, finite, stopped, metrics, weights, state, rows, missing = self._call(self._arguments(data, block, number))
        epochs = int(done.max(initial=0))
        gradients = self._recorder.gradients(number, epochs)
        if rows is not None:
            beside.do(gradients.add, rows[:epochs, :, :seeds], missing)
        traces = Traces(number, before, weights, state).of(epochs, seeds)
        recorded = beside.do(self._recorder.series, traces, gradients, data)
        yield (done, finite, stopped, metrics[:epochs, :seeds]), recorded

    def _piece_by_piece(
        self, data: Data, block: np.ndarray, number: int, seeds: int, beside: Beside
    ) -> Iterator[Block | None]:
        """Train one epoch, the gradients of which are too many to be left behind at once."""
        before, gradients = self.stack.weights.numpy(), self._recorder.gradients(number, 1)
        sums = self._epochs.no_sums()
        for begin in range(0, self._update.batches, self._update.at_once):
            *ended, sums, rows, missing = self._call(self._arguments_of_piece(data, block[0], number, begin, sums))
            beside.do(gradients.add, rows[None, : self._update.batches - begin, :seeds], missing)
            if begin + self._update.at_once < self._update.batches:
                yield None
        done, finite, stopped, metrics = ended
        state = [variable.numpy()[None] for variable in self.stack.averages]
        traces = Traces(number, before, self.stack.weights.numpy()[None], state).of(1, seeds)
        recorded = beside.do(self._recorder.series, traces, gradients, data)
        yield (done, finite, stopped, metrics[None, :seeds]), recorded

    def _compile(self, data: Data, initially: bool) -> None:
        arguments = self._idle(data)
        self._run.trace(*arguments)
        if initially:
            self._recorder.trace(data, initially=True)  # in another thread: XLA leaves Python to it
        self._run(*arguments)

    def _idle(self, data: Data) -> tuple[Any, ...]:
        """Return arguments with which the program trains nothing."""
        if not self._in_pieces:
            return self._arguments(data, np.zeros((0, self.stack.width, self._update.padded), np.int32), 1)
        nothing = np.zeros((self.stack.width, 1), np.int32)
        return self._arguments_of_piece(data, nothing, 1, self._update.batches, self._epochs.no_sums())

    def _call(self, arguments: tuple[Any, ...]) -> Any:
        """Call the program; return its results as arrays, which may only be read, as they are not copied."""
        return tf.nest.map_structure(lambda each: each if each is None else np.asarray(each), self._run(*arguments))

    def _arguments(self, data: Data, block: np.ndarray, first_epoch: int) -> tuple[Any, ...]:
        """Return the arguments for whole epochs; orders are padded, so that one program serves blocks of any length."""
        padded = np.zeros((self._block, self.stack.width, self._update.padded), np.int32)
        padded[: len(block), :, : block.shape[2]] = block
        padded[: len(block), :, block.shape[2] :] = block[:, :, -1:]  # as `Update.padded` says
        numbers = tf.constant(first_epoch), tf.constant(len(block))
        return (*data.arrays, tf.constant(padded), *numbers, self.stack.begins)

    def _arguments_of_piece(
        self, data: Data, permutation: np.ndarray, number: int, begin: int, sums: Any
    ) -> tuple[Any, ...]:
        """Return the arguments for the batches of an epoch from `begin` on; their order is padded likewise."""
        size = self._update.size
        order = np.zeros((self.stack.width, max(2, self._update.at_once) * size), np.int32)
        here = permutation[:, begin * size : begin * size + order.shape[1]]
        order[:, : here.shape[1]] = here
        order[:, here.shape[1] :] = permutation[:, -1:]
        numbers = tf.constant(number), tf.constant(begin)
        return (*data.arrays, tf.constant(order), *numbers, tf.convert_to_tensor(sums), self.stack.begins)
