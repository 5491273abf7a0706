"""The networks of several seeds side by side: their weights as one array, a row for each seed.

All numbers of a network are one row, instead of a variable for each kernel and bias. An optimiser's update, a check for
non-finite values and a checkpoint are then one operation each, whatever the number of layers.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from core.training.conversions import side_by_side
from core.training.equal_layers import EqualLayers, is_compiled
from core.training.masks import mask_of, set_mask
from core.training.nests import flat, nest
from core.training.network import Network

# Keras's sigmoid and softmax attach their input, the logits, to their output under this name. Its cross-entropies use
# the logits, as the gradient of a saturated output would vanish otherwise. Stacking loses the attribute, so it is set
# again.
LOGITS = "_keras_logits"


class Stack:
    """Networks of one architecture side by side, one for each seed.

    Attributes:
        network: the Keras network whose layers compute for all; the values of its own variables are not used.
        width: number of networks.
        weights: (width, numbers) Keras variable: every trainable number, tensor by tensor.
        state: the other variables, (width, *shape) each.
        sizes: number of entries of each trainable tensor.
    """

    def __init__(self, network: Network, width: int) -> None:
        self.network = network
        self.width = width
        self._squashes: list[bool] = []  # of each output, once the network has been called
        self._masked: list[bool] = []  # likewise
        self._equal, self._begins = EqualLayers(network), ()
        self._alone: list[Any] | None = None  # the values of a single network, in the block of `unchanged`
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
        """The floating-point part of `state`, such as running means: predictions depend on it."""
        return [variable for variable in self.state if np.issubdtype(variable.dtype, np.floating)]

    def rows(self, drawn: Sequence[Sequence[np.ndarray]]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Convert arrays of each network, in the order of `Network.variables`, to values of `weights` and `state`."""
        count = len(self._shapes)
        nothing = np.zeros(0, np.float32)  # a network may have no weights at all
        weights = np.stack([np.concatenate([nothing, *(array.ravel() for array in each[:count])]) for each in drawn])
        return weights, [np.stack(arrays) for arrays in zip(*(each[count:] for each in drawn), strict=True)]

    def put(self, drawn: Sequence[Sequence[np.ndarray]]) -> None:
        """Set each network's variables, in the order of `Network.variables`."""
        self.assign(*self.rows(drawn))

    def assign(self, weights: np.ndarray, state: Sequence[np.ndarray]) -> None:
        """Set the weights, (width, numbers), and the state, (width, *shape) each."""
        for variable, value in zip([self.weights, *self.state], [weights, *state], strict=True):
            variable.assign(value)

    def write_back(self, place: int = 0) -> None:
        """Copy the values of one of the networks to the Keras network's own variables."""
        for variable, value in zip(self.network.variables, self.held()[place], strict=True):
            variable.assign(value)

    def held(self) -> list[tuple[np.ndarray, ...]]:
        """Return the values of each network, in the order of `Network.variables`: the reverse of `put`."""
        ends = np.cumsum(self.sizes)[:-1]
        rows = [np.split(row, ends) if self.sizes else [] for row in self.weights.numpy()]
        state = [variable.numpy() for variable in self.state]
        return [
            (*(part.reshape(shape) for part, shape in zip(parts, self._shapes, strict=True)), *(of[i] for of in state))
            for i, parts in enumerate(rows)
        ]

    @property
    def begins(self) -> list[Any]:
        """The arguments of a program that `reading` takes."""
        return self._equal.begins

    @contextmanager
    def reading(self, begins: Sequence[Any]) -> Iterator[None]:
        """Read equal layers by the same code in the block, in which a function is traced: see `EqualLayers`."""
        self._begins = tuple(begins) if is_compiled() else ()
        try:
            yield
        finally:
            self._begins = ()

    def values(self) -> list[Any]:
        """Return the values of each trainable tensor, (width, *shape)."""
        return self.split(tf.convert_to_tensor(self.weights.value))

    def split(self, rows: Any) -> list[Any]:
        """Split rows by tensor: (width, numbers) -> (width, *shape) each."""
        parts = tf.split(rows, self.sizes, axis=1) if self.sizes else []
        if self._begins:
            for first, of_layer in self._equal.read(rows, self._begins):
                parts[first : first + len(of_layer)] = of_layer
        return [tf.reshape(part, (self.width, *shape)) for part, shape in zip(parts, self._shapes, strict=True)]

    def join(self, tensors: Sequence[Any]) -> Any:
        """Join tensors to rows, the reverse of `split`; None becomes zeros."""
        flat = [
            tf.zeros((self.width, size)) if tensor is None else tf.reshape(tensor, (self.width, size))
            for tensor, size in zip(tensors, self.sizes, strict=True)
        ]
        return tf.concat([tf.zeros((self.width, 0)), *flat], axis=1)

    def spread(self, by_tensor: Any) -> Any:
        """Repeat one number for each tensor: (width, tensors) -> (width, numbers)."""
        return ops.take(by_tensor, np.repeat(np.arange(len(self.sizes)), self.sizes).astype(np.int32), axis=1)

    def train(self, values: Sequence[Any], x: Any) -> tuple[Any, Any]:
        """Predict a batch of each seed in training mode; running means and random states are updated.

        Args:
            values: the trainable tensors, as `values` returns them.
            x: (width, batch, *features); a tuple of them, one for each input, if there are several.

        Returns:
            The predictions, (width, batch, *units), a tuple of them if there are several outputs; and the regularisers'
            penalty, (width,).
        """
        return self.ready(*self.training(values, x, lambda batch: self.outputs(batch, training=True)))

    def training(self, values: Sequence[Any], x: Any, compute: Callable[[Any], Any]) -> Any:
        """Return `compute(batch)` of each network on its own batch; changes of the state are kept."""

        def one(arguments):
            *values, batch = arguments
            with keras.StatelessScope(self._mapping(values)) as scope:
                outputs = compute(batch)
            return outputs, [scope.get_current_value(variable) for variable in self.network.state]

        outputs, state = self._side_by_side(one, (*values, *self._state_values(), x))
        for variable, value in zip(self.state, state, strict=True):
            variable.assign(value)
        return outputs

    def predict(self, x: Any) -> tuple[Any, Any]:
        """Predict samples that all seeds share, (samples, *features), in inference mode; see `train` for the result."""
        return self.ready(*self.each(lambda: self.outputs(x, training=False)))

    def each(self, compute: Callable[[], Any]) -> Any:
        """Return `compute()` of each network: its tensors with a leading axis of seeds.

        Changes of the network's variables are dropped.
        """

        def one(values):
            with keras.StatelessScope(self._mapping(values)):
                return compute()

        if self._alone is not None:
            return _stacked(one(self._alone))
        return self._side_by_side(one, (*self.values(), *self._state_values()))

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Take the values of a single network apart once for the whole block, in which nothing changes them.

        Every operation that is traced takes time, and these would be traced for each call of `each` and `predict`.
        """
        assert self.width == 1
        row = tf.convert_to_tensor(self.weights.value)[0]
        parts = tf.split(row, self.sizes) if self.sizes else []
        weights = [tf.reshape(part, shape) for part, shape in zip(parts, self._shapes, strict=True)]
        self._alone = [*weights, *(tf.squeeze(each, 0) for each in self._state_values())]
        try:
            yield
        finally:
            self._alone = None

    def outputs(self, x: Any, *, training: bool) -> tuple[Any, Any, Any, Any]:
        """Return the outputs of one network, inside of `each` or `training`: the prediction, the logits (the prediction
        itself without sigmoid or softmax), the masks of those outputs that have one, and the penalty; of several
        outputs tuples of the first two."""
        made = self.network.model(x, training=training)
        prediction = tuple(made) if isinstance(made, list) else made
        self._squashes = [hasattr(each, LOGITS) for each in flat(prediction)]
        logits = nest([getattr(each, LOGITS, each) for each in flat(prediction)])
        masks = [mask_of(each) for each in flat(prediction)]
        self._masked = [mask is not None for mask in masks]
        present = tuple(mask for mask in masks if mask is not None)
        return prediction, logits, present, sum(self.network.model.losses, ops.zeros(()))

    def ready(self, prediction: Any, logits: Any, masks: Any, penalty: Any) -> tuple[Any, Any]:
        """Return what `predict` returns, from the results of `outputs` with their axis of seeds."""
        left = iter(masks)
        for is_masked, output in zip(self._masked, flat(prediction), strict=True):
            if is_masked:
                set_mask(output, next(left))
        for squashes, output, before in zip(self._squashes, flat(prediction), flat(logits), strict=True):
            if squashes:
                setattr(output, LOGITS, before)
        return prediction, penalty

    def _side_by_side(self, one: Callable[[Any], Any], arguments: tuple[Any, ...]) -> Any:
        """Return `one` of each row of the arguments. A single network is not vectorised, so any layer is supported."""
        if self.width > 1:
            return side_by_side(one, arguments)
        return _stacked(one(tf.nest.map_structure(lambda argument: tf.squeeze(argument, 0), arguments)))

    def _state_values(self) -> tuple[Any, ...]:
        return tuple(tf.convert_to_tensor(variable.value) for variable in self.state)

    def _mapping(self, values: Any) -> list[tuple[Any, Any]]:
        return list(zip(self.network.variables, values, strict=True))


def _stacked(alone: Any) -> Any:
    """Return what one network computed, with a leading axis."""
    return tf.nest.map_structure(lambda tensor: tf.expand_dims(tensor, 0), alone)
