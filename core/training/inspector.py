"""Search for the first non-finite value of a run, by a repetition of its last epoch, batch by batch.

The compiled loop checks for non-finite values at the end of an epoch alone: a check of every value in every batch would
slow down every training. So the epoch is repeated from the weights at its beginning. The repetition runs outside XLA,
which rounds a little differently, and may stay finite. Then a weight that was not finite at the epoch's end is named.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from core.plan.pieces import validation_rows
from core.training.batches import gathered, sliced
from core.training.data import Data
from core.training.nests import row_count
from core.training.network import BuiltLayer, Network
from core.training.program import Program
from core.training.stack import Stack
from core.training.task import Task
from core.training.update import Update
from gradlab.keras import measure
from gradlab.measurement.history import Culprit
from gradlab.spec import ExperimentSpec

Where = Literal["activation", "loss", "gradient", "weight", "metric"]
KINDS: tuple[Literal["nan", "inf", "-inf"], ...] = ("nan", "inf", "-inf")


class Inspector:
    """Repetition of epochs of one architecture, one seed at a time.

    Args:
        spec: the experiment.
        width: number of seeds that its program trains side by side.
    """

    def __init__(self, spec: ExperimentSpec, width: int) -> None:
        self._batch, self._rows = spec.training.batch_size, validation_rows(spec, width)
        self._network, self._task = Network(spec, seed=0), Task(spec)
        self._stack = Stack(self._network, 1)
        self._moves = Update(spec, self._stack, self._task)
        weights = [(tensor.layer, tensor.parameter) for layer in spec.layers for tensor in layer.tensors]
        flows = [(layer.name, "activation") for layer in spec.layers]
        # In the order of an update: activations forward, the loss, gradients backward, weights.
        self._places: list[tuple[Where, str | None, str | None]] = [
            *(("activation", *flow) for flow in flows),
            ("loss", None, None),
            *(("gradient", *weight) for weight in reversed(weights)),
            *(("weight", *weight) for weight in weights),
        ]
        self._step = tf.function(self._update, autograph=False)

    def find(self, program: Program, place: int, data: Data, order: np.ndarray, epoch: int) -> Culprit | None:
        """Repeat an epoch of one seed, up to its first non-finite value.

        Args:
            program: holds the state before the epoch.
            place: the seed's index in the program's stack.
            data: the samples.
            order: (samples,) the order of the samples; not used in epoch 0, which evaluates the validation samples.
            epoch: its number.

        Returns:
            The first non-finite value; None if the repetition stays finite.
        """
        variables = [self._stack.weights, *self._stack.state, *self._moves.optimizer.variables]
        for variable, value in zip(variables, program.of_seed(place), strict=True):
            variable.assign(value)
        train_x, train_y, val_x, _ = data.arrays
        for batch, begin in enumerate(range(0, len(order) if epoch else 0, self._batch), start=1):
            here = order[begin : begin + self._batch]
            counts = self._step(gathered(train_x, here), gathered(train_y, here)).numpy()
            if culprit := self._first(counts, epoch, batch):
                return culprit
        pieces = [self._evaluated(val_x, begin) for begin in range(0, row_count(val_x), self._rows)]
        return self._first(np.sum(pieces, axis=0), epoch, 0)

    def _evaluated(self, x: Any, begin: int) -> np.ndarray:
        """Return the number of NaN, inf and -inf of each layer's outputs for a piece of the validation samples."""
        outputs = self._stack.each(lambda: self._forward(sliced(x, begin, begin + self._rows), training=False)[0])
        return np.array([_count(output) for output in outputs])

    def left_by(self, values: list[np.ndarray], epoch: int) -> Culprit | None:
        """Return the first weight that is not finite at an epoch's end, None if all are finite.

        Args:
            values: the state at the epoch's end, the rows of weights first.
            epoch: its number.
        """
        trainable = self._stack.split(values[0])
        counts = np.zeros((len(self._places), len(KINDS)), int)
        counts[-len(trainable) :] = [_count(tensor).numpy() for tensor in trainable]
        return self._first(counts, epoch, 0)

    def _first(self, counts: np.ndarray, epoch: int, batch: int) -> Culprit | None:
        for (where, layer, parameter), kinds in zip(self._places, counts, strict=False):
            if kinds.any():
                kind = KINDS[int(np.nonzero(kinds)[0][0])]
                return Culprit(epoch, batch, where, layer, parameter, kind, int(kinds.sum()))
        return None

    def _update(self, x: Any, y: Any) -> Any:
        """Make one update; return (places, kinds), the number of NaN, inf and -inf in each tensor."""
        values = self._stack.values()

        def forward(batch):
            outputs, prediction = self._forward(batch, training=True)
            return outputs, self._task.sample_losses(y, prediction), sum(self._network.model.losses, tf.zeros(()))

        with tf.GradientTape() as tape:
            tape.watch(values)
            outputs, losses, penalty = self._stack.training(
                values, tf.nest.map_structure(lambda each: each[None], x), forward
            )
            loss = tf.reduce_mean(losses) + tf.reduce_sum(penalty)
        gradients = [measure.dense(each) for each in tape.gradient(loss, values)]
        self._moves.missing = [gradient is None for gradient in gradients]
        self._moves.apply(self._stack.join(gradients))
        given = [tf.zeros(()) if gradient is None else gradient for gradient in gradients]
        return tf.stack([_count(tensor) for tensor in (*outputs, loss, *reversed(given), *self._stack.values())])

    def _forward(self, x: Any, *, training: bool) -> tuple[list[Any], Any]:
        """Return the output of every layer, in the order of the spec, and the prediction."""
        outputs: list[Any] = []

        def through(layer: BuiltLayer, xs: Sequence[Any]) -> Any:
            outputs.append(layer(xs, training))
            return outputs[-1]

        prediction = self._network.forward(x, through)
        return outputs, prediction


def _count(tensor: Any) -> Any:
    bad = (tf.math.is_nan(tensor), tf.equal(tensor, np.inf), tf.equal(tensor, -np.inf))
    return tf.stack([tf.reduce_sum(tf.cast(each, tf.int32)) for each in bad])


def inspect(
    spec: ExperimentSpec,
    program: Program,
    data: Data,
    before: list[np.ndarray],
    permutations: np.ndarray,
    lost: dict[int, int],
    first_epoch: int,
) -> Iterator[tuple[int, Culprit]]:
    """Yield the first non-finite value of each seed that became non-finite in a chunk: (place in the stack, value).

    The program's state is the same afterwards.

    Args:
        spec: the experiment.
        program: its program, with the state after the chunk.
        data: the samples.
        before: the program's state before the chunk.
        permutations: (epochs, seeds, samples) the order of samples in each epoch of the chunk.
        lost: place in the stack -> the epoch that ended with a non-finite value.
        first_epoch: the number of the chunk's first epoch.
    """
    after, inspector = program.state(), Inspector(spec, program.stack.width)
    ends = {place: program.of_seed(place) for place in lost}
    try:
        for epoch in sorted(set(lost.values())):
            program.restore(before)
            if epoch > first_epoch:
                program.run(data, permutations[: epoch - first_epoch], first_epoch, 1)
            for place in [place for place, when in lost.items() if when == epoch]:
                culprit = inspector.find(program, place, data, permutations[epoch - first_epoch][place], epoch)
                if culprit := culprit or inspector.left_by(ends[place], epoch):
                    yield place, culprit
    finally:
        program.restore(after)
