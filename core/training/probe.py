"""Looking into networks: what flows forward through each layer, and the signal that comes back to it.

Nothing that is looked at changes: running means stay as they are, nothing is dropped. Layers that normalise by the
batch do so by the probe batch, as they would while training.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from core.activations import Activation
from core.statistics import Flow
from core.statistics.signals import rms
from core.training import measure
from core.training.namespace import xp
from core.training.network import BuiltLayer
from core.training.recurrent import OpenedRecurrence, is_recurrent
from core.training.stack import Stack
from core.training.task import Task


class Probe:
    """Looks at the networks of a stack through the same samples every time.

    Args:
        stack: the networks.
        task: what they learn.
        steps: how many columns the time signals have.
    """

    def __init__(self, stack: Stack, task: Task, steps: int) -> None:
        self._stack = stack
        self._task = task
        self._steps = steps
        self._watched = [layer for layer in stack.network.layers if layer.named.spec.watched(layer.named.input_shape)]
        self._opened = {layer: OpenedRecurrence(layer) for layer in self._watched if is_recurrent(layer)}

    def flows(self, x: Any, y: Any) -> tuple[Any, Any, Any]:
        """What is recorded of activations and signals on some samples.

        Returns:
            (seeds, layers, statistics) activations, (seeds, layers, statistics) signals and (seeds, recurrent layers,
            steps) time signals, NaN behind a layer's last step; None where no layer is recurrent.
        """
        shapes = [self._pre_activation_shape(layer, x) for layer in self._watched]

        def look():
            nudges = [tf.zeros(shape) for shape in shapes]
            with tf.GradientTape() as tape:
                tape.watch(nudges)
                flowing: list[tuple[Any, Any]] = []
                prediction = self._walk(x, iter(nudges), flowing)
                loss = tf.reduce_sum(self._task.sample_losses(y, prediction))
            deltas = tape.gradient(loss, nudges, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            return [z for z, _ in flowing], [h for _, h in flowing], deltas

        zs, hs, deltas = self._stack.each(look)
        activations = measure.together(self._alike(), list(zip(zs, hs, strict=True)), self._activations)
        signals = measure.together(self._alike(), [(delta,) for delta in deltas], _signals)
        times = [self._padded(_by_step(delta)) for layer, delta in zip(self._watched, deltas, strict=True)
                 if layer in self._opened]  # fmt: skip
        return activations, signals, ops.stack(times, axis=1) if times else None

    def gradients(self, x: Any, y: Any) -> list[Any]:
        """The gradient of the mean loss over some samples at the weights as they are: (seeds, *shape) each."""
        network = self._stack.network

        def look():
            weights = [tf.convert_to_tensor(variable.value) for variable in network.trainable]
            with tf.GradientTape() as tape:
                tape.watch(weights)
                loss = self._loss_at(weights, x, y)
            return [
                tf.zeros_like(weight) + np.nan if gradient is None else tf.convert_to_tensor(gradient)
                for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True)
            ]

        return self._stack.each(look)

    def _loss_at(self, weights: list[Any], x: Any, y: Any) -> Any:
        network = self._stack.network
        state = [(variable, tf.convert_to_tensor(variable.value)) for variable in network.state]
        with keras.StatelessScope([*zip(network.trainable, weights, strict=True), *state]):
            for layer in network.built:
                x = _still(layer, x)
            return tf.reduce_mean(self._task.sample_losses(y, x)) + sum(network.model.losses, ops.zeros(()))

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

    def _alike(self) -> list[list[int]]:
        """Which watched layers can be measured together: equal shapes, equal activations."""
        alike: dict[Any, list[int]] = {}
        for place, layer in enumerate(self._watched):
            key = place if layer in self._opened else (layer.named.spec.function, layer.named.output_shape)
            alike.setdefault(key, []).append(place)
        return list(alike.values())

    def _activations(self, places: list[int], z: Any, h: Any) -> Any:
        """The statistics of layers that are alike, (seeds, layers, batch, *positions, units) each."""
        layer = self._watched[places[0]]
        if layer in self._opened:
            slope, steepest = self._opened[layer].slope(z)
        else:
            slope, steepest = _slope(layer.named.spec.function, getattr(layer.keras, "activation", None), z)
        return measure.activations(Flow(_as_samples(z), _as_samples(h), _as_samples(slope), steepest))

    def _pre_activation_shape(self, layer: BuiltLayer, x: Any) -> tuple[int, ...]:
        if layer in self._opened:
            return self._opened[layer].pre_activation_shape(x.shape[0])
        return (x.shape[0], *layer.named.output_shape)

    def _padded(self, by_step: Any) -> Any:
        missing = self._steps - by_step.shape[1]
        return tf.pad(by_step, [[0, 0], [0, missing]], constant_values=np.nan)


def _call(layer: BuiltLayer, x: Any, skip: Any) -> Any:
    spec = layer.named.spec
    return spec.call(layer.keras, x, spec.mixes_samples, skip=skip)


def _still(layer: BuiltLayer, x: Any) -> Any:
    inside = x
    for each in layer.inner:
        inside = _still(each, inside)
    return _call(layer, inside, x)


def _slope(function: Activation | None, keras_function: Any, z: Any) -> tuple[Any, float | None]:
    """The derivative of an activation at each pre-activation, and the largest that it has anywhere."""
    if function is None or function.kind == "linear":
        return ops.ones_like(z), 1.0
    if not function.per_unit:
        return ops.ones_like(z) * np.nan, None
    with tf.GradientTape() as tape:
        tape.watch(z)
        h = keras_function(z)
    return tape.gradient(h, z, unconnected_gradients=tf.UnconnectedGradients.ZERO), function.steepest


def _signals(places: list[int], delta: Any) -> Any:
    return measure.signals(_as_samples(delta))


def _as_samples(x: Any) -> Any:
    """(seeds, layers, batch, *positions, units) as (seeds, layers, samples, units)."""
    return ops.reshape(x, (*x.shape[:2], int(np.prod(x.shape[2:-1])), x.shape[-1]))


def _by_step(delta: Any) -> Any:
    """(seeds, batch, steps, units) as (seeds, steps): the rms of each step's signal."""
    return rms(xp.swapaxes(delta, 1, 2), xp)
