"""Probes of networks: a forward and a backward pass of the probe batch, which observe every layer.

A probe leaves the network unchanged: running means stay as they are, and dropout is off. Layers that normalise by the
batch use the statistics of the probe batch, as they would in training.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from core.training.masks import masked_like
from core.training.nests import row_count
from core.training.network import BuiltLayer, Through
from core.training.recurrent import Opened, OpenedRecurrence, is_recurrent
from core.training.stack import Stack
from core.training.task import Task
from gradlab.vocabulary.activations import Activation
from gradlab.vocabulary.layers.activation import Activating


@dataclass(frozen=True, eq=False)
class ProbedLayer:
    """Results of probes of one layer: arrays of (probes, samples, units). A position or time step counts as a sample.

    Samples are in the order of the batch, with the positions of each next to each other; of a recurrent layer those of
    a time step are next to each other.

    Attributes:
        z: pre-activations.
        h: activations.
        slope: the activation's derivative at z.
        delta: the derivative of each sample's loss by z.
        steepest: the largest slope of the activation, one number or (units,); None where it has no largest slope.
        steps: time steps of a recurrent layer; 0 for any other layer.
    """

    z: np.ndarray
    h: np.ndarray
    slope: np.ndarray
    delta: np.ndarray
    steepest: np.ndarray | float | None
    steps: int


class Probe:
    """A forward and backward pass of samples through the networks of a stack."""

    def __init__(self, stack: Stack, task: Task) -> None:
        self._stack = stack
        self._task = task
        self._watched = [layer for layer in stack.network.layers if layer.named.spec.watched(layer.named.input_shape)]
        self._opened = {layer: OpenedRecurrence(layer) for layer in self._watched if is_recurrent(layer)}

    def run(self, x: Any, y: Any) -> list[Any]:
        """Return z, h, slope and delta of each watched layer: see `ProbedLayer`.

        Returns:
            (width, units, samples) each: averages of a unit run over contiguous memory. The delta of a recurrent layer
            is (width, samples, units): those of a time step are averaged. Of a single network's layers without
            positions all four are one array, (1, 4, units, samples), as each operation takes time to trace. Of such
            layers of several networks all four are (width, samples, units): TensorFlow transposes small ones slowly.
        """

        def forward_and_backward():
            with tf.GradientTape() as tape:
                seen: list[Opened] = []
                prediction = self._stack.network.forward(x, self._observing(tape, seen, row_count(x)))
                loss = tf.reduce_sum(self._task.sample_losses(y, prediction))
            sources = [each.sources for each in seen]
            signals = tape.gradient(loss, sources, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            joined = [each[0] if len(each) == 1 else tf.concat(each, -1) for each in signals]
            return [each.z for each in seen], [each.h for each in seen], joined

        zs, hs, deltas = self._stack.each(forward_and_backward)
        slopes = [self._slope(layer, z) for layer, z in zip(self._watched, zs, strict=True)]
        return [*map(self._ordered, self._watched, zs, hs, slopes, deltas)]

    def arrays(self, outputs: Sequence[Sequence[Any]], count: int | None) -> list[ProbedLayer]:
        """Convert the results of `run` to arrays.

        Args:
            outputs: what `run` returned.
            count: how many of the stack's networks were probed; the rest are dropped. None if all were.
        """
        parts = [each if isinstance(each, list | tuple) else np.asarray(each).swapaxes(0, 1) for each in outputs]
        return [
            self._layer(layer, *(np.asarray(part)[:count] for part in made))
            for layer, made in zip(self._watched, parts, strict=True)
        ]

    def _ordered(self, layer: BuiltLayer, z: Any, h: Any, slope: Any, delta: Any) -> Any:
        """Return what `run` returns of a layer."""
        if layer in self._opened:
            return _by_unit(z), _by_unit(h), _by_unit(slope), _by_sample(delta)
        if self._stack.width == 1 and len(z.shape) == 3:
            return tf.transpose(tf.stack([z, h, slope, delta], axis=1), [0, 1, 3, 2])
        parts = (z, h, slope, delta)
        return parts if self._is_as_computed(layer) else tuple(map(_by_unit, parts))

    def _is_as_computed(self, layer: BuiltLayer) -> bool:
        """Return True if `run` leaves the axes of a layer's arrays in their order."""
        return self._stack.width > 1 and len(layer.named.output_shape) == 1 and layer not in self._opened

    def _layer(
        self, layer: BuiltLayer, z: np.ndarray, h: np.ndarray, slope: np.ndarray, delta: np.ndarray
    ) -> ProbedLayer:
        if not self._is_as_computed(layer):
            z, h, slope = (part.swapaxes(1, 2) for part in (z, h, slope))
            delta = delta if layer in self._opened else delta.swapaxes(1, 2)
        return ProbedLayer(z, h, slope, delta, self._steepest(layer), self._time_steps(layer))

    def _observing(self, tape: Any, seen: list[Opened], count: int) -> Through:
        """Return the forward pass of a layer of `count` samples that appends to `seen`, if it is watched."""

        def through(layer: BuiltLayer, xs: Sequence[Any]) -> Any:
            if layer not in self._watched:
                return _still(layer, xs)
            if layer in self._opened:
                seen.append(self._opened[layer](xs[0], tape.watch))
            else:
                nudge = tf.zeros((count, *layer.named.output_shape))
                tape.watch(nudge)
                seen.append(_nudged(layer, xs, nudge))
            return seen[-1].output

        return through

    def _slope(self, layer: BuiltLayer, z: Any) -> Any:
        if layer in self._opened:
            return self._opened[layer].slope(z)
        function = layer.named.spec.function
        return _slope(function, None if function is None else function.build(keras), z)

    def _steepest(self, layer: BuiltLayer) -> np.ndarray | float | None:
        if layer in self._opened:
            return self._opened[layer].steepest
        function = layer.named.spec.function
        return 1.0 if function is None else function.steepest if function.per_unit else None

    def _time_steps(self, layer: BuiltLayer) -> int:
        return layer.named.spec.time_steps(layer.named.input_shape) or 0 if layer in self._opened else 0


def _nudged(layer: BuiltLayer, xs: Sequence[Any], nudge: Any) -> Opened:
    """Run a layer with zeros added to its pre-activations: the loss's derivative by these zeros is the signal."""
    if isinstance(layer.named.spec, Activating):
        z = masked_like(xs[0] + nudge, xs[0])
        output = _still(layer, [z])
        return Opened(output, z, output, [nudge])
    if layer.named.spec.function is None:
        made = _still(layer, xs)
        output = masked_like(made + nudge, made)
        return Opened(output, output, output, [nudge])
    function, inputs = layer.keras.activation, []

    def tapped(z):
        inputs.append(z + nudge)
        return function(inputs[-1])

    layer.keras.activation = tapped
    try:
        output = _still(layer, xs)
    finally:
        layer.keras.activation = function
    return Opened(output, inputs[0], output, [nudge])


def full_gradients(stack: Stack, task: Task, x: Any, y: Any) -> tuple[list[Any], Any]:
    """Return the gradient of the mean loss over some samples, and what `Stack.predict` returns for them.

    Returns:
        (width, *shape) for each trainable tensor, (width, 0) for tensors on which the loss does not depend; and the
        prediction with the penalty. The latter is None where a layer normalises by the batch: gradients are those of a
        training, a prediction is not.
    """
    network = stack.network
    predicts = not any(layer.named.spec.mixes_samples for layer in network.layers)

    def gradients():
        weights = [tf.convert_to_tensor(variable.value) for variable in network.trainable]
        state = [(variable, tf.convert_to_tensor(variable.value)) for variable in network.state]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            with keras.StatelessScope([*zip(network.trainable, weights, strict=True), *state]):
                if predicts:
                    outputs: Any = stack.outputs(x, training=False)
                    prediction, *_, penalty = outputs
                else:
                    outputs, prediction = (), network.forward(x, _still)
                    penalty = sum(network.model.losses, ops.zeros(()))
                loss = tf.reduce_mean(task.sample_losses(y, prediction)) + penalty
        dense = [
            tf.zeros((0,)) if gradient is None else tf.convert_to_tensor(gradient)
            for gradient in tape.gradient(loss, weights)
        ]
        return dense, outputs

    by_tensor, outputs = stack.each(gradients)
    return by_tensor, stack.ready(*outputs) if predicts else None


def _still(layer: BuiltLayer, xs: Sequence[Any]) -> Any:
    """Return a layer's output with dropout off, normalised by the batch where it normalises."""
    return layer(xs, layer.named.spec.mixes_samples)


def _slope(function: Activation | None, keras_function: Any, z: Any) -> Any:
    """Derivative of an activation at each pre-activation; NaN if the activation mixes units, as softmax does."""
    if function is None or function.kind == "linear":
        return ops.ones_like(z)
    if not function.per_unit:
        return ops.ones_like(z) * np.nan
    with tf.GradientTape() as tape:
        tape.watch(z)
        h = keras_function(z)
    return tape.gradient(h, z, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def _by_sample(x: Any) -> Any:
    """(width, batch, *positions, units), or time steps before the batch -> (width, samples, units)."""
    return x if len(x.shape) == 3 else tf.reshape(x, (x.shape[0], int(np.prod(x.shape[1:-1])), x.shape[-1]))


def _by_unit(x: Any) -> Any:
    """(width, batch, *positions, units), or time steps before the batch -> (width, units, samples)."""
    return tf.transpose(_by_sample(x), [0, 2, 1])
