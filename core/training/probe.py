"""Looking into networks: what flows forward through each layer, and the signal that comes back to it.

Nothing that is looked at changes: running means stay as they are, nothing is dropped. Layers that normalise by the
batch do so by the probe batch, as they would while training.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from core.training.network import BuiltLayer
from core.training.recurrent import OpenedRecurrence, is_recurrent
from core.training.stack import Stack
from core.training.task import Task
from gradlab.vocabulary.activations import Activation


@dataclass(frozen=True, eq=False)
class Seen:
    """What looks at one layer saw: arrays of (looks, samples, units), where a position or time step is a sample too.

    Attributes:
        z: pre-activations.
        h: activations.
        slope: the activation's derivative at z.
        delta: the derivative of each sample's loss by z.
        steepest: the largest slope that the activation has anywhere, perhaps by unit; None where there is no largest.
        steps: over how many time steps a recurrent layer goes; 0 for any other.
    """

    z: np.ndarray
    h: np.ndarray
    slope: np.ndarray
    delta: np.ndarray
    steepest: np.ndarray | float | None
    steps: int


class Probe:
    """Looks at the networks of a stack through the same samples every time."""

    def __init__(self, stack: Stack, task: Task) -> None:
        self._stack = stack
        self._task = task
        self._watched = [layer for layer in stack.network.layers if layer.named.spec.watched(layer.named.input_shape)]
        self._opened = {layer: OpenedRecurrence(layer) for layer in self._watched if is_recurrent(layer)}

    def run(self, x: Any, y: Any) -> list[tuple[Any, Any, Any, Any]]:
        """z, h, slope and delta of each watched layer on some samples, (width, units, samples) each."""
        shapes = [self._pre_activation_shape(layer, x) for layer in self._watched]

        def forth_and_back():
            nudges = [tf.zeros(shape) for shape in shapes]
            with tf.GradientTape() as tape:
                tape.watch(nudges)
                flowing: list[tuple[Any, Any]] = []
                prediction = self._walk(x, iter(nudges), flowing)
                loss = tf.reduce_sum(self._task.sample_losses(y, prediction))
            deltas = tape.gradient(loss, nudges, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            return [z for z, _ in flowing], [h for _, h in flowing], deltas

        zs, hs, deltas = self._stack.each(forth_and_back)
        slopes = [self._slope(layer, z) for layer, z in zip(self._watched, zs, strict=True)]
        return [tuple(map(_by_unit, layer)) for layer in zip(zs, hs, slopes, deltas, strict=True)]

    def seen(self, looked: Sequence[tuple[Any, Any, Any, Any]], looks: int) -> list[Seen]:
        """The same as arrays of the first so many looks, with what is known of each layer."""
        return [
            Seen(*arrays, self._steepest(layer), self._time_steps(layer))
            for layer, arrays in zip(self._watched, map(partial(_arrays, looks), looked), strict=True)
        ]

    def _walk(self, x: Any, nudges: Any, flowing: list[tuple[Any, Any]]) -> Any:
        for layer in self._stack.network.built:
            x = self._through(layer, x, nudges, flowing)
        return x

    def _through(self, layer: BuiltLayer, x: Any, nudges: Any, flowing: list[tuple[Any, Any]]) -> Any:
        """Send samples through a layer, with a zero added to its pre-activations: its derivative is the signal."""
        inside = x
        for each in layer.inner:
            inside = self._through(each, inside, nudges, flowing)
        if layer not in self._watched:
            return _call(layer, inside, x)
        nudge = next(nudges)
        if layer in self._opened:
            opened = self._opened[layer](inside, nudge)
            flowing.append((opened.z, opened.h))
            return opened.output
        if layer.named.spec.function is None:
            output = _call(layer, inside, x) + nudge
            flowing.append((output, output))
            return output
        function, seen = layer.keras.activation, []

        def tapped(z):
            seen.append(z + nudge)
            return function(seen[-1])

        layer.keras.activation = tapped
        try:
            output = _call(layer, inside, x)
        finally:
            layer.keras.activation = function
        flowing.append((seen[0], output))
        return output

    def _slope(self, layer: BuiltLayer, z: Any) -> Any:
        if layer in self._opened:
            return self._opened[layer].slope(z)
        return _slope(layer.named.spec.function, getattr(layer.keras, "activation", None), z)

    def _steepest(self, layer: BuiltLayer) -> np.ndarray | float | None:
        if layer in self._opened:
            return self._opened[layer].steepest
        function = layer.named.spec.function
        return 1.0 if function is None else function.steepest if function.per_unit else None

    def _time_steps(self, layer: BuiltLayer) -> int:
        return layer.named.spec.time_steps(layer.named.input_shape) or 0 if layer in self._opened else 0

    def _pre_activation_shape(self, layer: BuiltLayer, x: Any) -> tuple[int, ...]:
        if layer in self._opened:
            return self._opened[layer].pre_activation_shape(x.shape[0])
        return (x.shape[0], *layer.named.output_shape)


def full_gradients(stack: Stack, task: Task, x: Any, y: Any) -> list[Any]:
    """The gradient of the mean loss over some samples at the weights as they are: (width, *shape) each.

    Where the loss does not depend on a tensor, (width, 0).
    """
    network = stack.network

    def look():
        weights = [tf.convert_to_tensor(variable.value) for variable in network.trainable]
        state = [(variable, tf.convert_to_tensor(variable.value)) for variable in network.state]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            with keras.StatelessScope([*zip(network.trainable, weights, strict=True), *state]):
                prediction = x
                for layer in network.built:
                    prediction = _still(layer, prediction)
                penalty = sum(network.model.losses, ops.zeros(()))
                loss = tf.reduce_mean(task.sample_losses(y, prediction)) + penalty
        return [
            tf.zeros((0,)) if gradient is None else tf.convert_to_tensor(gradient)
            for gradient in tape.gradient(loss, weights)
        ]

    found: list[Any] = stack.each(look)
    return found


def _call(layer: BuiltLayer, x: Any, skip: Any) -> Any:
    spec = layer.named.spec
    return spec.call(layer.keras, x, spec.mixes_samples, skip=skip)


def _still(layer: BuiltLayer, x: Any) -> Any:
    inside = x
    for each in layer.inner:
        inside = _still(each, inside)
    return _call(layer, inside, x)


def _slope(function: Activation | None, keras_function: Any, z: Any) -> Any:
    """The derivative of an activation at each pre-activation; NaN where it is not one of each unit by itself."""
    if function is None or function.kind == "linear":
        return ops.ones_like(z)
    if not function.per_unit:
        return ops.ones_like(z) * np.nan
    with tf.GradientTape() as tape:
        tape.watch(z)
        h = keras_function(z)
    return tape.gradient(h, z, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def _by_unit(x: Any) -> Any:
    """(width, batch, *positions, units) as (width, units, samples): what is averaged lies side by side in memory."""
    samples = ops.reshape(x, (x.shape[0], int(np.prod(x.shape[1:-1])), x.shape[-1]))
    return tf.transpose(samples, [0, 2, 1])


def _arrays(looks: int, looked: Sequence[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """z, h, slope and delta of the first so many looks."""
    z, h, slope, delta = (np.asarray(part)[:looks].swapaxes(1, 2) for part in looked)
    return z, h, slope, delta
