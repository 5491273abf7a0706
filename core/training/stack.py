"""The networks of several seeds side by side: their weights as one array, a row for each seed.

One long row instead of a variable for each kernel and bias: an optimiser's update, a look for what is not finite, a
checkpoint are then one operation each, however many layers there are.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from core.training import reductions  # noqa: F401  (how sums inside tf.vectorized_map are traced)
from core.training.network import Network

# Under this name Keras's sigmoid and softmax leave on their output what went in, and its cross-entropies look there:
# without it an output that is sure of itself has no gradient. What is stacked must be told again.
LOGITS = "_keras_logits"


class Stack:
    """As many networks of one architecture as seeds are trained side by side.

    Attributes:
        network: the network whose layers compute for all; its own variables are only their places.
        width: how many networks.
        weights: (width, numbers) Keras variable: every trainable number, tensor by tensor.
        state: the other variables, (width, *shape) each.
        sizes: how many numbers each trainable tensor has.
    """

    def __init__(self, network: Network, width: int) -> None:
        self.network = network
        self.width = width
        self._squashes = False  # until the network has been called
        self._shapes = [tuple(variable.shape) for variable in network.trainable]
        self.sizes = [int(np.prod(shape)) for shape in self._shapes]
        weights, state = self.rows([[variable.numpy() for variable in network.variables]] * width)
        self.weights = keras.Variable(weights, name="weights")
        self.state = [
            keras.Variable(value, trainable=False, dtype=variable.dtype)
            for variable, value in zip(network.state, state, strict=True)
        ]

    @property
    def averages(self) -> list[Any]:
        """The part of `state` that a prediction rests on: running means and the like, not the states of generators."""
        return [variable for variable in self.state if np.issubdtype(variable.dtype, np.floating)]

    def rows(self, drawn: Sequence[Sequence[np.ndarray]]) -> tuple[np.ndarray, list[np.ndarray]]:
        """What `weights` and `state` hold when each network's variables hold these arrays."""
        count = len(self._shapes)
        nothing = np.zeros(0, np.float32)  # a network may have no weights at all
        weights = np.stack([np.concatenate([nothing, *(array.ravel() for array in each[:count])]) for each in drawn])
        return weights, [np.stack(arrays) for arrays in zip(*(each[count:] for each in drawn), strict=True)]

    def put(self, drawn: Sequence[Sequence[np.ndarray]]) -> None:
        """Give each network its variables' values, in the order of `Network.variables`."""
        self.assign(*self.rows(drawn))

    def assign(self, weights: np.ndarray, state: Sequence[np.ndarray]) -> None:
        """Take over the weights and the state of another stack of the same width."""
        for variable, value in zip([self.weights, *self.state], [weights, *state], strict=True):
            variable.assign(value)

    def write_back(self, place: int = 0) -> None:
        """Let the network's own variables hold what one of the networks has come to."""
        for variable, value in zip(self.network.variables, self.held()[place], strict=True):
            variable.assign(value)

    def held(self) -> list[tuple[np.ndarray, ...]]:
        """What the variables of each network hold, in the order of `Network.variables`: the reverse of `put`."""
        ends = np.cumsum(self.sizes)[:-1]
        rows = [np.split(row, ends) if self.sizes else [] for row in self.weights.numpy()]
        state = [variable.numpy() for variable in self.state]
        return [
            (*(part.reshape(shape) for part, shape in zip(parts, self._shapes, strict=True)), *(of[i] for of in state))
            for i, parts in enumerate(rows)
        ]

    def values(self) -> list[Any]:
        """What each trainable tensor holds, (width, *shape)."""
        return self.split(tf.convert_to_tensor(self.weights.value))

    def split(self, rows: Any) -> list[Any]:
        """Rows of all numbers, (width, numbers), tensor by tensor: (width, *shape) each."""
        parts = tf.split(rows, self.sizes, axis=1) if self.sizes else []
        return [tf.reshape(part, (self.width, *shape)) for part, shape in zip(parts, self._shapes, strict=True)]

    def join(self, tensors: Sequence[Any]) -> Any:
        """The reverse of `split`; zeros where there is None."""
        flat = [
            tf.zeros((self.width, size)) if tensor is None else tf.reshape(tensor, (self.width, size))
            for tensor, size in zip(tensors, self.sizes, strict=True)
        ]
        return tf.concat([tf.zeros((self.width, 0)), *flat], axis=1)

    def spread(self, by_tensor: Any) -> Any:
        """One number for each tensor, (width, tensors), as a row of all numbers, (width, numbers)."""
        return ops.take(by_tensor, np.repeat(np.arange(len(self.sizes)), self.sizes).astype(np.int32), axis=1)

    def train(self, values: Sequence[Any], x: Any) -> tuple[Any, Any]:
        """The predictions for a batch of each seed, (width, batch, *features), while training.

        Running means and random states move on.

        Args:
            values: what the trainable tensors hold, as `values` says.
            x: the batch.

        Returns:
            (width, batch, *units) and the regularisers' penalty, (width,).
        """
        return self._ready(*self.training(values, x, lambda batch: self._said(batch, training=True)))

    def training(self, values: Sequence[Any], x: Any, look: Callable[[Any], Any]) -> Any:
        """What `look(batch)` answers for each network on its own batch; what it changes in the state stays."""

        def one(arguments):
            *values, batch = arguments
            with keras.StatelessScope(self._mapping(values)) as scope:
                said = look(batch)
            return said, [scope.get_current_value(variable) for variable in self.network.state]

        said, state = self._side_by_side(one, (*values, *self._state_values(), x))
        for variable, value in zip(self.state, state, strict=True):
            variable.assign(value)
        return said

    def predict(self, x: Any) -> tuple[Any, Any]:
        """The same outside training, for samples that all seeds share, (samples, *features)."""
        return self._ready(*self.each(lambda: self._said(x, training=False)))

    def each(self, look: Callable[[], Any]) -> Any:
        """What `look()` answers for each network: its tensors with an axis of seeds in front.

        Whatever `look` changes in the network's variables is forgotten.
        """

        def one(values):
            with keras.StatelessScope(self._mapping(values)):
                return look()

        return self._side_by_side(one, (*self.values(), *self._state_values()))

    def _said(self, x: Any, *, training: bool) -> tuple[Any, Any, Any]:
        """Prediction, what went into its sigmoid or softmax, and penalty."""
        prediction = self.network.model(x, training=training)
        self._squashes = hasattr(prediction, LOGITS)
        return prediction, getattr(prediction, LOGITS, prediction), sum(self.network.model.losses, ops.zeros(()))

    def _ready(self, prediction: Any, logits: Any, penalty: Any) -> tuple[Any, Any]:
        if self._squashes:
            setattr(prediction, LOGITS, logits)
        return prediction, penalty

    def _side_by_side(self, one: Callable[[Any], Any], arguments: tuple[Any, ...]) -> Any:
        """`one` for each row of the arguments. One network alone needs no vectorisation, and any layer will do."""
        if self.width > 1:
            return tf.vectorized_map(one, arguments)
        alone = one(tuple(tf.squeeze(argument, 0) for argument in arguments))
        return tf.nest.map_structure(lambda tensor: tf.expand_dims(tensor, 0), alone)

    def _state_values(self) -> tuple[Any, ...]:
        return tuple(tf.convert_to_tensor(variable.value) for variable in self.state)

    def _mapping(self, values: Any) -> list[tuple[Any, Any]]:
        return list(zip(self.network.variables, values, strict=True))
