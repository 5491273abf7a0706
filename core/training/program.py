"""Whole epochs of training as one program compiled by XLA.

Keras makes the network, the loss and the optimiser; the loop is ours. One call trains a block of epochs of all seeds
that stand side by side: shuffled batches, gradients, updates, validation. Nothing returns to Python in between, which
is where `model.fit` spends nearly all of its time on small networks. What is recorded is worked out from what a block
left behind, by `core.training.recorder`, while the next one trains.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from core.plan.widths import MAX_CHUNK_EPOCHS, MAX_ORDER_ENTRIES, MAX_SERIES_NUMBERS, block_for
from core.training.architecture import where_variables_lie
from core.training.compiled import Compiled
from core.training.data import Data
from core.training.forms import compiled_forms
from core.training.network import LayerValues, Network, flattened
from core.training.patience import Patience
from core.training.recorder import NORMS, Recorder, Series, Traces
from core.training.stack import Stack
from core.training.task import Task
from core.training.update import Update
from gradlab.keras.namespace import xp
from gradlab.measurement.history import Layout, Variable
from gradlab.measurement.kinds import BY_NAME, names_from
from gradlab.spec import ExperimentSpec


@dataclass(frozen=True, eq=False)
class Trained:
    """What one call measured.

    Attributes:
        done: (seeds,) how many epochs each seed trained: fewer than asked for where it ended.
        finite: (seeds,) whether all was finite at the last one.
        stopped: (seeds,) whether early stopping ended it.
        metrics: (epochs, seeds, metrics) float32.
        series: kind -> (recorded epochs, seeds, tensors, columns) float32.
    """

    done: np.ndarray
    finite: np.ndarray
    stopped: np.ndarray
    metrics: np.ndarray
    series: dict[str, np.ndarray]


class Program:
    """The compiled training of one architecture: any seeds, any initial weights, any samples of the same shapes.

    Attributes:
        stack: the networks of the seeds that train side by side.
    """

    def __init__(self, spec: ExperimentSpec, width: int) -> None:
        self.stack = Stack(compiled_forms(Network(spec, seed=0)), width)
        self._layout, self._task = spec.layout, Task(spec)
        self._update = Update(spec, self.stack, self._task)
        self._recorder = Recorder(spec, width)
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
        self._run = Compiled(self._epochs, jit=True)

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """Where each variable of a network lies in a `.keras` file: some tens of milliseconds, once."""
        return where_variables_lie(self.stack.network)

    @property
    def compiled(self) -> bool:
        """Whether XLA compiles it; False once it has fallen back to a plain graph."""
        return self._run.jit

    def measure_as(self, layout: Layout) -> None:
        """Record as often as a layout says that names the same series."""
        self._layout = self._recorder.layout = layout

    @property
    def capacity(self) -> int:
        """The most epochs that one call can train."""
        numbers = sum(np.prod(series.shape) / series.every for series in self._layout.series)
        fits = (
            MAX_ORDER_ENTRIES // (self._samples * self.stack.width),
            int(MAX_SERIES_NUMBERS / (numbers * self.stack.width + 1)),
        )
        return max(1, min(MAX_CHUNK_EPOCHS, *fits))

    def begin(self, spec: ExperimentSpec, values: Sequence[list[LayerValues]]) -> None:
        """Put everything into the state before the first update of some runs, one for each place in the stack."""
        self.restore(self._fresh)
        self.stack.put([flattened(each) for each in values])
        rate = spec.training.optimizer.initial_learning_rate
        if rate is not None:  # a schedule is part of the program, a plain number is not
            self._optimizer.learning_rate.assign(rate)

    def live(self) -> np.ndarray:
        """(seeds,) which of the runs at hand have not ended."""
        return np.asarray(self._patience.live())

    def end(self) -> None:
        """Call the runs at hand ended."""
        self._patience.end()

    def state(self) -> list[np.ndarray]:
        """Everything that training changes, in a fixed order."""
        return [variable.numpy() for variable in self._variables]

    def of_seed(self, place: int) -> list[np.ndarray]:
        """Weights, other variables and the optimiser's, as a stack of one place of this one alone holds them."""
        variables = [self.stack.weights, *self.stack.state, *self._optimizer.variables]
        stacked = {variable.shape for variable in (self.stack.weights, *self.stack.state)}
        values = [(variable.shape in stacked, variable.numpy()) for variable in variables]
        return [value[place : place + 1] if whole else value for whole, value in values]

    def restore(self, state: list[np.ndarray]) -> None:
        """Go back to a `state`."""
        for variable, value in zip(self._variables, state, strict=True):
            variable.assign(value)

    def initially(self, data: Data, *, training_follows: bool) -> Trained:
        """Measure the state before the first update, epoch 0; meanwhile the program is made ready."""
        weights, state = self.stack.weights.numpy(), [variable.numpy() for variable in self.stack.state]
        nothing = self._arguments(data, np.zeros((0, self.stack.width, self._update.padded), np.int32), 1)
        if training_follows:
            # Before anything else is traced: XLA's cache on disk knows a program by its number among all that were.
            self._run.trace(*nothing)
        with ThreadPoolExecutor(1) as thread:
            ready = thread.submit(self._run, *nothing) if training_follows else None
            metrics, series = self._recorder.initially(weights, state, data)
            if ready:
                ready.result()
        rate = np.full((self.stack.width, 1), float(self._optimizer.learning_rate.numpy()), np.float32)
        names = 2 * self._task.name_count
        row = np.concatenate([metrics[:, :names], rate, metrics[:, names:]], axis=1)
        finite = np.isfinite(row[:, :names]).all(axis=1) & np.isfinite(weights).all(axis=1)
        self._patience.update(row, finite, 0)
        return Trained(np.ones(len(row), np.int32), finite, np.zeros(len(row), bool), row[None], series)

    def run(self, data: Data, orders: np.ndarray, first_epoch: int) -> Trained:
        """Train one epoch for each order of samples; a seed ends early when it leaves the finite numbers.

        An epoch leaves them when at its end a loss, a metric or a weight is NaN or infinite.

        Args:
            data: the samples.
            orders: (epochs, seeds, samples) int32 permutations, at most `capacity` epochs.
            first_epoch: the number of the first of these epochs.
        """
        blocks: list[tuple[Any, Future[tuple[Series, np.ndarray | None]]]] = []
        with ThreadPoolExecutor(1) as thread:
            for begin in range(0, len(orders), self._block):
                before = self.stack.weights.numpy()
                done, finite, stopped, metrics, kept = self._call(
                    data, orders[begin : begin + self._block], first_epoch + begin
                )
                epochs = int(done.max(initial=0))
                traces = Traces(
                    first_epoch + begin,
                    before,
                    kept["weights"],
                    kept["state"],
                    kept["gradients"],
                    self._update.missing,
                    kept["measured"],
                ).until(epochs)
                recorded = thread.submit(self._recorder.series, traces, data)
                blocks.append(((done, finite, stopped, metrics[:epochs]), recorded))
                if not self.live().any():
                    break
        return _together(blocks)

    def _call(self, data: Data, orders: np.ndarray, first_epoch: int) -> Any:
        """What the compiled program answers for a block of epochs."""
        answer = self._run(*self._arguments(data, orders, first_epoch))
        return tf.nest.map_structure(lambda each: each if each is None else each.numpy(), answer)

    def _arguments(self, data: Data, orders: np.ndarray, first_epoch: int) -> tuple[Any, ...]:
        """What the program takes: orders are filled up, so that one program serves every block's length."""
        padded = np.zeros((self._block, self.stack.width, self._update.padded), np.int32)
        padded[: len(orders), :, : orders.shape[2]] = orders
        return (*data.arrays, tf.constant(padded), tf.constant(first_epoch), tf.constant(len(orders)))

    def _epochs(self, train_x, train_y, val_x, val_y, orders, first, count):
        """The traced loop over epochs; `count` is an argument, so that one program serves every block's length."""
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
            x, y = tf.gather(train_x, orders[e]), tf.gather(train_y, orders[e])  # (seeds, samples, ...)
            sums, gradients, measured = self._update.epoch(x, y, number)
            for variable, value in zip(self._by_seed(), before, strict=True):
                goes_on = ops.reshape(live, (width,) + (1,) * (len(variable.shape) - 1))
                variable.assign(ops.where(goes_on, variable, value))  # a seed that has ended stands still
            row = self._metrics(self._task.finish(sums), val_x, val_y)
            finite = ops.where(live, self._all_finite(row), finite)
            patience.update(row, finite, number)
            found = {"metrics": row, "weights": self.stack.weights, "gradients": gradients} | measured
            found |= {f"state_{i}": each for i, each in enumerate(self.stack.averages)}
            kept = {kind: kept[kind].write(e, found[kind]) for kind in kept}
            return e + 1, done + ops.cast(live, "int32"), finite, kept

        begin = (0, tf.zeros((width,), tf.int32), tf.ones((width,), tf.bool), kept)
        _, done, finite, kept = tf.while_loop(lambda e, *_: (e < count) & ops.any(patience.live()), epoch, begin)
        left = {kind: values.stack() for kind, values in kept.items()}
        metrics, weights = left.pop("metrics"), left.pop("weights", None)
        gradients = left.pop("gradients") if self._update.kept else None
        state = [left.pop(name) for name in list(left) if name.startswith("state_")]
        kept = {"weights": weights, "state": state, "gradients": gradients, "measured": left}
        return done, finite, patience.stopped(), metrics, kept

    def _metrics(self, training: Any, val_x: Any, val_y: Any) -> Any:
        """(seeds, metrics): what the layout names for an epoch, gradient norms apart."""
        validation = self._task.evaluate(val_y, *self.stack.predict(val_x))
        rate = ops.broadcast_to(ops.cast(self._optimizer.learning_rate, "float32"), (self.stack.width, 1))
        return ops.concatenate([training, validation, rate], axis=1)

    def _by_seed(self) -> list[Any]:
        """The variables with an axis of seeds; with one seed alone there is nobody to wait for."""
        if self.stack.width == 1:
            return []
        return [variable for variable in self._variables if variable.shape[:1] == (self.stack.width,)]

    def _all_finite(self, row: Any) -> Any:
        """(seeds,) whether losses, metrics and weights are finite."""
        finite = ops.all(xp.isfinite(row[:, : 2 * self._task.name_count]), axis=1)
        return finite & ops.all(xp.isfinite(self.stack.weights), axis=1)


def _together(blocks: Sequence[tuple[Any, Future[tuple[Series, np.ndarray | None]]]]) -> Trained:
    """What several blocks, one after another, measured."""
    dones, finites, stops, metrics = zip(*(trained for trained, _ in blocks), strict=True)
    series, norms = zip(*(recorded.result() for _, recorded in blocks), strict=True)
    whole = np.concatenate(metrics)
    if norms[0] is not None:
        whole = np.concatenate([whole, np.concatenate(norms)], axis=2)
    return Trained(
        done=np.sum(dones, axis=0),
        finite=np.all(finites, axis=0),
        stopped=stops[-1],
        metrics=whole,
        series={kind: np.concatenate([each[kind] for each in series]) for kind in series[0]},
    )
