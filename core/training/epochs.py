"""The traced functions of a training: whole epochs, or pieces of one epoch whose gradients are many, and its end."""

from typing import Any

import tensorflow as tf
from keras import ops

from core.plan.pieces import gathers_batches, validation_rows
from core.plan.widths import block_for
from core.training.batches import Batches, evaluated
from core.training.patience import Patience
from core.training.stack import Stack
from core.training.task import Task
from core.training.update import Update
from gradlab.keras.namespace import xp
from gradlab.measurement.kinds import BY_NAME, names_from
from gradlab.spec import ExperimentSpec


class Epochs:
    """Functions that are traced for a program of one architecture.

    Args:
        spec: the experiment.
        stack: the networks.

    Attributes:
        task: their losses and metrics.
        update: their updates.
        patience: the end of runs.
        variables: all variables that training changes, in a fixed order.
        block: epochs that one call trains, at most.
    """

    def __init__(self, spec: ExperimentSpec, stack: Stack) -> None:
        self.task, self._stack = Task(spec), stack
        self.update, self.patience = Update(spec, stack, self.task), Patience(spec, stack.width)
        self.variables = [stack.weights, *stack.state, *self.update.optimizer.variables, *self.patience.variables]
        self.block = block_for(spec, stack.width)
        self._at_once, self._rows = not gathers_batches(spec, stack.width), validation_rows(spec, stack.width)
        self._keeps_weights = any(BY_NAME[each.kind].source != "gradients" for each in spec.layout.series)
        self._keeps_state = any(kind in spec.layout for kind in names_from("plane"))

    def whole(self, train_x, train_y, val_x, val_y, permutations, first, count, begins):
        """Train whole epochs; `count` is an argument, so that one program serves blocks of any length.

        `begins` are those of the stack.
        """
        with self._stack.reading(begins):
            return self._whole((train_x, train_y), val_x, val_y, permutations, first, count)

    def _whole(self, train, val_x, val_y, permutations, first, count):
        width, patience = self._stack.width, self.patience

        def array(*shape):
            return tf.TensorArray(tf.float32, self.block, element_shape=shape)

        # Losses and metrics, training and validation, and the learning rate.
        kept = {"metrics": array(width, 2 * self.task.name_count + 1)}
        if self._keeps_weights:
            kept["weights"] = array(*self._stack.weights.shape)
        if self._keeps_state:
            kept |= {f"state_{i}": array(*each.shape) for i, each in enumerate(self._stack.averages)}
        if self.update.kept:
            kept["gradients"] = array(self.update.batches, *self._stack.weights.shape)

        def epoch(e, done, finite, kept):
            number, live = first + e, patience.live()
            sums, gradients = self._trained(train, permutations[e], number, 0, self.no_sums())
            row, finite = self._ended(sums, val_x, val_y, number, finite)
            epoch_values = {"metrics": row, "weights": self._stack.weights, "gradients": gradients}
            epoch_values |= {f"state_{i}": each for i, each in enumerate(self._stack.averages)}
            kept = {kind: kept[kind].write(e, epoch_values[kind]) for kind in kept}
            return e + 1, done + ops.cast(live, "int32"), finite, kept

        begin = (0, tf.zeros((width,), tf.int32), tf.ones((width,), tf.bool), kept)
        _, done, finite, kept = tf.while_loop(lambda e, *_: (e < count) & ops.any(patience.live()), epoch, begin)
        stacked = {kind: values.stack() for kind, values in kept.items()}
        state = [stacked[name] for name in stacked if name.startswith("state_")]
        rows, metrics = self._rows_of(stacked.get("gradients")), stacked["metrics"]
        return done, finite, patience.stopped(), metrics, stacked.get("weights"), state, *rows

    def piece(self, train_x, train_y, val_x, val_y, order, number, begin, sums, begins):
        """Train the batches of an epoch from `begin` on, in the order of their samples; with its last, end the epoch.

        Results are those of `whole` for one epoch, which mean something at its end, the sums so far, and gradients.
        """
        with self._stack.reading(begins):
            return self._piece((train_x, train_y), val_x, val_y, order, number, begin, sums)

    def _piece(self, train, val_x, val_y, order, number, begin, sums):
        nobody = tf.ones((self._stack.width,), tf.bool)
        done = ops.cast(self.patience.live(), "int32")
        sums, gradients = self._trained(train, order, number, begin, sums)
        is_last = (begin < self.update.batches) & (begin + self.update.at_once >= self.update.batches)
        row, finite = tf.cond(
            is_last,
            lambda: self._ended(sums, val_x, val_y, number, nobody),
            lambda: (tf.zeros((self._stack.width, 2 * self.task.name_count + 1)), nobody),
        )
        return done, finite, self.patience.stopped(), row, sums, *self._rows_of(gradients)

    def no_sums(self) -> Any:
        """Return the task's sums over no batch, (seeds, sums)."""
        return tf.zeros((self._stack.width, self.task.sum_count))

    def _rows_of(self, gradients: Any) -> tuple[Any, Any]:
        """Return the gradients, and the mark of tensors without one, known since the loop was traced."""
        return gradients, tf.constant(self.update.missing, tf.bool)

    def _trained(self, samples: Any, order: Any, number: Any, begin: Any, sums: Any) -> tuple[Any, Any]:
        """Train batches; the variables of an ended run stay unchanged."""
        live = self.patience.live()
        before = [tf.convert_to_tensor(each.value) for each in self._by_seed()]
        batches = Batches(samples, order, at_once=self._at_once)
        sums, gradients = self.update.epoch(batches, number, begin, sums)
        for variable, value in zip(self._by_seed(), before, strict=True):
            continues = ops.reshape(live, (self._stack.width,) + (1,) * (len(variable.shape) - 1))
            variable.assign(ops.where(continues, variable, value))
        return sums, gradients

    def _ended(self, sums: Any, val_x: Any, val_y: Any, number: Any, finite: Any) -> tuple[Any, Any]:
        """End an epoch: its metrics, (seeds, metrics), and `finite` with the mark of runs that go on."""
        row = self._metrics(self.task.finish(sums), val_x, val_y)
        finite = ops.where(self.patience.live(), self._all_finite(row), finite)
        self.patience.update(row, finite, number)
        return row, finite

    def _metrics(self, training: Any, val_x: Any, val_y: Any) -> Any:
        """(seeds, metrics): the layout's metrics of an epoch, without the gradient norms."""
        validation = evaluated(self._stack, self.task, val_x, val_y, self._rows)
        rate = ops.broadcast_to(ops.cast(self.update.optimizer.learning_rate, "float32"), (self._stack.width, 1))
        return ops.concatenate([training, validation, rate], axis=1)

    def _by_seed(self) -> list[Any]:
        """Variables with an axis of seeds; none if the width is 1, as the loop then ends with the run."""
        if self._stack.width == 1:
            return []
        return [variable for variable in self.variables if variable.shape[:1] == (self._stack.width,)]

    def _all_finite(self, row: Any) -> Any:
        """(seeds,) True if all losses, metrics and weights are finite."""
        finite = ops.all(xp.isfinite(row[:, : 2 * self.task.name_count]), axis=1)
        return finite & ops.all(xp.isfinite(self._stack.weights), axis=1)
