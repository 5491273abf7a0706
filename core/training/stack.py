"""The networks of several seeds side by side: each variable stacked along a leading axis of seeds."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from core.training import reductions  # noqa: F401  (how sums inside tf.vectorized_map are traced)
from core.training.network import Network
from core.training.products import sum_small_products

# Under this name Keras's sigmoid and softmax leave on their output what went in, and its cross-entropies look there:
# without it an output that is sure of itself has no gradient. What is stacked must be told again.
LOGITS = "_keras_logits"


class Stack:
    """As many networks of one architecture as seeds are trained side by side.

    One network alone keeps its own variables: stacking would only cost.

    Attributes:
        network: the network whose layers compute for all.
        width: how many networks.
        trainable: Keras variables of (width, *shape), or the network's own.
        state: likewise.
    """

    def __init__(self, network: Network, width: int) -> None:
        self.network = network
        self.width = width
        sum_small_products(network)
        self._squashes = False  # until the network has been called
        self.trainable = [self._stacked(variable) for variable in network.trainable]
        self.state = [self._stacked(variable) for variable in network.state]

    def _stacked(self, variable: Any) -> Any:
        if self.width == 1:
            return variable
        return keras.Variable(
            np.stack([variable.numpy()] * self.width), trainable=variable.trainable, dtype=variable.dtype
        )

    def by_seed(self, tensor: Any) -> Any:
        """One of the variables, or its gradient, with its axis of seeds: (width, *shape)."""
        return tf.expand_dims(tensor, 0) if self.width == 1 and tensor is not None else tensor

    def of_variable(self, tensor: Any) -> Any:
        """The reverse of `by_seed`."""
        return tf.squeeze(tensor, 0) if self.width == 1 and tensor is not None else tensor

    def values(self) -> list[Any]:
        """What the trainable variables hold: (width, *shape) each."""
        return [self.by_seed(tf.convert_to_tensor(variable.value)) for variable in self.trainable]

    def train(self, x: Any) -> tuple[Any, Any]:
        """The predictions for a batch of each seed, (width, batch, *features), while training.

        Running means and random states move on.

        Returns:
            (width, batch, *units) and the regularisers' penalty, (width,).
        """
        if self.width == 1:
            alone = self._said(tf.squeeze(x, 0), training=True)
            return self._ready(*(tf.expand_dims(tensor, 0) for tensor in alone))

        def one(arguments):
            *values, batch = arguments
            with keras.StatelessScope(self._mapping(values)) as scope:
                said = self._said(batch, training=True)
            return *said, [scope.get_current_value(variable) for variable in self.network.state]

        *said, state = tf.vectorized_map(one, (*self._all_values(), x))
        for variable, value in zip(self.state, state, strict=True):
            variable.assign(value)
        return self._ready(*said)

    def predict(self, x: Any) -> tuple[Any, Any]:
        """The same outside training, for samples that all seeds share, (samples, *features)."""
        return self._ready(*self.each(lambda: self._said(x, training=False)))

    def _said(self, x: Any, *, training: bool) -> tuple[Any, Any, Any]:
        """Prediction, what went into its sigmoid or softmax, and penalty."""
        prediction = self.network.model(x, training=training)
        self._squashes = hasattr(prediction, LOGITS)
        return prediction, getattr(prediction, LOGITS, prediction), sum(self.network.model.losses, ops.zeros(()))

    def _ready(self, prediction: Any, logits: Any, penalty: Any) -> tuple[Any, Any]:
        if self._squashes:
            setattr(prediction, LOGITS, logits)
        return prediction, penalty

    def each(self, look: Any) -> Any:
        """What `look()` answers for each network: its tensors with an axis of seeds in front.

        Whatever `look` changes in the network's variables is forgotten.
        """

        def one(values):
            with keras.StatelessScope(self._mapping(values)):
                return look()

        if self.width == 1:
            alone = [tf.convert_to_tensor(variable.value) for variable in self.network.variables]
            return tf.nest.map_structure(lambda tensor: tf.expand_dims(tensor, 0), one(alone))
        return tf.vectorized_map(one, self._all_values())

    def _all_values(self) -> tuple[Any, ...]:
        return (*self.values(), *(self.by_seed(tf.convert_to_tensor(variable.value)) for variable in self.state))

    def _mapping(self, values: Any) -> list[tuple[Any, Any]]:
        return list(zip(self.network.variables, values, strict=True))
