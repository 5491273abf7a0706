"""Probes of networks: a forward and a backward pass of the probe batch, which observe every layer.

A probe leaves the network unchanged: running means stay as they are, and dropout is off. Layers that normalise by the
batch use the statistics of the probe batch, as they would in training.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from core.training.masks import masked_like
from core.training.nests import row_count
from core.training.network import BuiltLayer, Through
from core.training.recurrent import OpenedRecurrence, is_recurrent
from core.training.stack import Stack
from core.training.task import Task
from gradlab.vocabulary.activations import Activation
from gradlab.vocabulary.layers.activation import Activating


@dataclass(frozen=True, eq=False)
class ProbedLayer:
    """Results of probes of one layer: arrays of (probes, samples, units). A position or time step counts as a sample.

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

    def run(self, x: Any, y: Any) -> list[tuple[Any, Any, Any, Any]]:
        """Return z, h, slope and delta of each watched layer, (width, units, samples) each: see `ProbedLayer`."""
        shapes = [self._pre_activation_shape(layer, x) for layer in self._watched]

        def forward_and_backward():
            nudges = [tf.zeros(shape) for shape in shapes]
            with tf.GradientTape() as tape:
                tape.watch(nudges)
                flowing: list[tuple[Any, Any]] = []
                prediction = self._stack.network.forward(x, self._observing(iter(nudges), flowing))
                loss = tf.reduce_sum(self._task.sample_losses(y, prediction))
            deltas = tape.gradient(loss, nudges, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            return [z for z, _ in flowing], [h for _, h in flowing], deltas

        zs, hs, deltas = self._stack.each(forward_and_backward)
        slopes = [self._slope(layer, z) for layer, z in zip(self._watched, zs, strict=True)]
        return [tuple(map(_by_unit, layer)) for layer in zip(zs, hs, slopes, deltas, strict=True)]

    def arrays(self, outputs: Sequence[Sequence[Any]], count: int | None) -> list[ProbedLayer]:
        """Convert the results of `run` to arrays.

        Args:
            outputs: what `run` returned.
            count: how many of the stack's networks were probed; the rest are dropped. None if all were.
        """
        return [
            ProbedLayer(*arrays, self._steepest(layer), self._time_steps(layer))
            for layer, arrays in zip(self._watched, map(partial(_arrays, count), outputs), strict=True)
        ]

    def _observing(self, nudges: Iterator[Any], flowing: list[tuple[Any, Any]]) -> Through:
        """Return the forward pass of a layer that appends its z and h to `flowing`, if it is watched."""

        def through(layer: BuiltLayer, xs: Sequence[Any]) -> Any:
            if layer not in self._watched:
                return _still(layer, xs)
            output, observed = self._nudged(layer, xs, next(nudges))
            flowing.append(observed)
            return output

        return through

    def _nudged(self, layer: BuiltLayer, xs: Sequence[Any], nudge: Any) -> tuple[Any, tuple[Any, Any]]:
        """Run a layer with zeros added to its pre-activations: the loss's derivative by these zeros is the signal.

        Returns:
            The layer's output, and its z and h.
        """
        if layer in self._opened:
            opened = self._opened[layer](xs[0], nudge)
            return opened.output, (opened.z, opened.h)
        if isinstance(layer.named.spec, Activating):
            z = masked_like(xs[0] + nudge, xs[0])
            output = _still(layer, [z])
            return output, (z, output)
        if layer.named.spec.function is None:
            made = _still(layer, xs)
            output = masked_like(made + nudge, made)
            return output, (output, output)
        function, inputs = layer.keras.activation, []

        def tapped(z):
            inputs.append(z + nudge)
            return function(inputs[-1])

        layer.keras.activation = tapped
        try:
            output = _still(layer, xs)
        finally:
            layer.keras.activation = function
        return output, (inputs[0], output)

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

    def _pre_activation_shape(self, layer: BuiltLayer, x: Any) -> tuple[int, ...]:
        if layer in self._opened:
            return self._opened[layer].pre_activation_shape(row_count(x))
        return (row_count(x), *layer.named.output_shape)


def full_gradients(stack: Stack, task: Task, x: Any, y: Any) -> list[Any]:
    """Return the gradient of the mean loss over some samples for each trainable tensor: (width, *shape) each.

    The shape is (width, 0) for tensors on which the loss does not depend.
    """
    network = stack.network

    def gradients():
        weights = [tf.convert_to_tensor(variable.value) for variable in network.trainable]
        state = [(variable, tf.convert_to_tensor(variable.value)) for variable in network.state]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            with keras.StatelessScope([*zip(network.trainable, weights, strict=True), *state]):
                prediction = network.forward(x, _still)
                penalty = sum(network.model.losses, ops.zeros(()))
                loss = tf.reduce_mean(task.sample_losses(y, prediction)) + penalty
        return [
            tf.zeros((0,)) if gradient is None else tf.convert_to_tensor(gradient)
            for gradient in tape.gradient(loss, weights)
        ]

    by_tensor: list[Any] = stack.each(gradients)
    return by_tensor


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


def _by_unit(x: Any) -> Any:
    """(width, batch, *positions, units) -> (width, units, samples): averages run over contiguous memory."""
    samples = ops.reshape(x, (x.shape[0], int(np.prod(x.shape[1:-1])), x.shape[-1]))
    return tf.transpose(samples, [0, 2, 1])


def _arrays(count: int | None, outputs: Sequence[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return z, h, slope and delta of the first `count` probes, (probes, samples, units) each."""
    z, h, slope, delta = (np.asarray(part)[:count].swapaxes(1, 2) for part in outputs)
    return z, h, slope, delta
