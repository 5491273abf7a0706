"""Whole epochs of training as one program, compiled by XLA where that is faster.

Network, loss and optimiser come from Keras; the loop is written here. One call trains a block of epochs of all seeds
side by side: shuffled batches, gradients, updates, validation. Nothing returns to Python in between, where `model.fit`
spends nearly all of its time on small networks. `core.training.recorder` computes the recorded series from the traces
of a block while the next block trains.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from core.plan.graphs import has_large_kernels, trains_plainly
from core.plan.pieces import gathers_batches, validation_rows
from core.plan.widths import MAX_CHUNK_EPOCHS, MAX_ORDER_ENTRIES, MAX_SERIES_NUMBERS, block_for
from core.training.architecture import variable_paths
from core.training.batches import Batches, evaluated
from core.training.begun import Begun
from core.training.compiled import Compiled
from core.training.data import Data
from core.training.forms import training_forms
from core.training.network import LayerValues, Network, flattened
from core.training.patience import Patience
from core.training.recorder import NORMS, Recorder, Series, Traces
from core.training.stack import Stack
from core.training.task import Task
from core.training.trained_epochs import TrainedEpochs, concatenated
from core.training.update import Update
from gradlab.keras.namespace import xp
from gradlab.measurement.history import Layout, Variable
from gradlab.measurement.kinds import BY_NAME, names_from
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
        self._layout, self._task = spec.layout, Task(spec)
        self._update = Update(spec, self.stack, self._task)
        self._recorder = Recorder(spec, width, name)
        self._patience = Patience(spec, width)
        self._optimizer = self._update.optimizer
        self._variables = [
            self.stack.weights,
            *self.stack.state,
            *self._optimizer.variables,
            *self._patience.variables,
        ]
        self._fresh = [variable.numpy() for variable in self._variables]
        self._keeps_weights = any(BY_NAME[each.kind].source != "gradients" for each in self._layout.series)
        self._block = block_for(spec, width)
        self._samples = spec.dataset.train_count
        self._at_once, self._rows = not gathers_batches(spec, width), validation_rows(spec, width)
        self._compilation = Begun("compile")
        self._run = Compiled(
            self._epochs,
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
            initially: trace what measures epoch 0 as well, for a training that has not begun.
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
        return np.asarray(self._patience.live())

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

    def restore(self, state: list[np.ndarray]) -> None:
        """Set all variables to a result of `state`."""
        self.wait()  # the training before may have been broken off while the program was compiled
        for variable, value in zip(self._variables, state, strict=True):
            variable.assign(value)

    def initially(self, data: Data) -> TrainedEpochs:
        """Measure the state before the first update, epoch 0. Nothing is compiled for it."""
        weights, state = self.stack.weights.numpy(), [variable.numpy() for variable in self.stack.state]
        metrics, series = self._recorder.initially(weights, state, data)
        rate = np.full((self.stack.width, 1), float(self._optimizer.learning_rate.numpy()), np.float32)
        names = 2 * self._task.name_count
        row = np.concatenate([metrics[:, :names], rate, metrics[:, names:]], axis=1)
        finite = np.isfinite(row[:, :names]).all(axis=1) & np.isfinite(weights).all(axis=1)
        self._patience.update(row, finite, 0)
        return TrainedEpochs(np.ones(len(row), np.int32), finite, np.zeros(len(row), bool), row[None], series)

    def run(self, data: Data, permutations: np.ndarray, first_epoch: int, seeds: int) -> TrainedEpochs:
        """Train one epoch for each permutation of the samples.

        A run ends early if a loss, a metric or a weight is NaN or infinite at the end of an epoch.

        Args:
            data: the samples.
            permutations: (epochs, places, samples) int32, at most `capacity` epochs.
            first_epoch: the number of the first of these epochs.
            seeds: number of places that are measured, the first ones.
        """
        blocks: list[tuple[Any, Future[tuple[Series, np.ndarray | None]]]] = []
        with ThreadPoolExecutor(1) as thread:
            for begin in range(0, len(permutations), self._block):
                before = self.stack.weights.numpy()
                done, finite, stopped, metrics, kept = self._call(
                    data, permutations[begin : begin + self._block], first_epoch + begin
                )
                epochs = int(done.max(initial=0))
                traces = Traces(
                    first_epoch + begin,
                    before,
                    kept["weights"],
                    kept["state"],
                    kept["gradients"],
                    kept["missing"],
                    kept["measured"],
                ).of(epochs, seeds)
                recorded = thread.submit(self._recorder.series, traces, data)
                blocks.append(((done, finite, stopped, metrics[:epochs, :seeds]), recorded))
                if not self.live().any():
                    break
        return concatenated(blocks)

    def _compile(self, data: Data, initially: bool) -> None:
        nothing = np.zeros((0, self.stack.width, self._update.padded), np.int32)
        arguments = self._arguments(data, nothing, 1)
        self._run.trace(*arguments)
        self._recorder.trace(data, initially=initially)  # in another thread: XLA leaves Python to it
        self._run(*arguments)

    def _call(self, data: Data, permutations: np.ndarray, first_epoch: int) -> Any:
        """Run the compiled program for a block of epochs; return its results as arrays."""
        results = self._run(*self._arguments(data, permutations, first_epoch))
        return tf.nest.map_structure(lambda each: each if each is None else each.numpy(), results)

    def _arguments(self, data: Data, permutations: np.ndarray, first_epoch: int) -> tuple[Any, ...]:
        """Return the program's arguments; permutations are padded, so that one program serves blocks of any length."""
        padded = np.zeros((self._block, self.stack.width, self._update.padded), np.int32)
        padded[: len(permutations), :, : permutations.shape[2]] = permutations
        return (*data.arrays, tf.constant(padded), tf.constant(first_epoch), tf.constant(len(permutations)))

    def _epochs(self, train_x, train_y, val_x, val_y, permutations, first, count):
        """Traced loop over epochs; `count` is an argument, so that one program serves blocks of any length."""
        width, patience = self.stack.width, self._patience

        def array(*shape):
            return tf.TensorArray(tf.float32, self._block, element_shape=shape)

        # Losses and metrics, training and validation, and the learning rate.
        kept = {"metrics": array(width, 2 * self._task.name_count + 1)}
        if self._keeps_weights:
            kept["weights"] = array(*self.stack.weights.shape)
        if any(kind in self._layout for kind in names_from("plane")):
            kept |= {f"state_{i}": array(*each.shape) for i, each in enumerate(self.stack.averages)}
        if self._update.kept:
            kept["gradients"] = array(self._update.batches, *self.stack.weights.shape)
        kept |= {kind: array(width, *shape) for kind, shape in self._update.measured.items()}
        if "gradients" in self._update.measured:
            kept["norms"] = array(width, NORMS)

        def epoch(e, done, finite, kept):
            number, live = first + e, patience.live()
            before = [tf.convert_to_tensor(each.value) for each in self._by_seed()]
            batches = Batches((train_x, train_y), permutations[e], at_once=self._at_once)
            sums, gradients, measured = self._update.epoch(batches, number)
            for variable, value in zip(self._by_seed(), before, strict=True):
                continues = ops.reshape(live, (width,) + (1,) * (len(variable.shape) - 1))
                variable.assign(ops.where(continues, variable, value))  # the variables of an ended run stay unchanged
            row = self._metrics(self._task.finish(sums), val_x, val_y)
            finite = ops.where(live, self._all_finite(row), finite)
            patience.update(row, finite, number)
            epoch_values = {"metrics": row, "weights": self.stack.weights, "gradients": gradients} | measured
            epoch_values |= {f"state_{i}": each for i, each in enumerate(self.stack.averages)}
            kept = {kind: kept[kind].write(e, epoch_values[kind]) for kind in kept}
            return e + 1, done + ops.cast(live, "int32"), finite, kept

        begin = (0, tf.zeros((width,), tf.int32), tf.ones((width,), tf.bool), kept)
        _, done, finite, kept = tf.while_loop(lambda e, *_: (e < count) & ops.any(patience.live()), epoch, begin)
        stacked = {kind: values.stack() for kind, values in kept.items()}
        metrics, weights = stacked.pop("metrics"), stacked.pop("weights", None)
        gradients = stacked.pop("gradients") if self._update.kept else None
        state = [stacked.pop(name) for name in list(stacked) if name.startswith("state_")]
        kept = {"weights": weights, "state": state, "gradients": gradients, "measured": stacked}
        kept["missing"] = tf.constant(self._update.missing, tf.bool)  # known since the loop was traced
        return done, finite, patience.stopped(), metrics, kept

    def _metrics(self, training: Any, val_x: Any, val_y: Any) -> Any:
        """(seeds, metrics): the layout's metrics of an epoch, without the gradient norms."""
        validation = evaluated(self.stack, self._task, val_x, val_y, self._rows)
        rate = ops.broadcast_to(ops.cast(self._optimizer.learning_rate, "float32"), (self.stack.width, 1))
        return ops.concatenate([training, validation, rate], axis=1)

    def _by_seed(self) -> list[Any]:
        """Variables with an axis of seeds; none if the width is 1, as the loop then ends with the run."""
        if self.stack.width == 1:
            return []
        return [variable for variable in self._variables if variable.shape[:1] == (self.stack.width,)]

    def _all_finite(self, row: Any) -> Any:
        """(seeds,) True if all losses, metrics and weights are finite."""
        finite = ops.all(xp.isfinite(row[:, : 2 * self._task.name_count]), axis=1)
        return finite & ops.all(xp.isfinite(self.stack.weights), axis=1)
