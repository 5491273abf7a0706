"""Probes of recurrent layers, whose pre-activations never leave the loop over time.

The engine's own loop takes what the inputs contribute to the pre-activations: the loss's derivative by it is the signal
at each time step. It returns pre-activations and hidden states. Keras's loop, for masked sequences and for a gate that
resets the state before its product, runs in a copy of the layer. The copy takes more inputs: x and a zero for every
pre-activation, with the kernel [W; 1]. The derivative by the zeros is the signal. The copy's outputs equal the layer's,
and the pre-activations are computed from them.

All time steps come first, as the loop has them: each change of the order moves the layer's largest arrays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from core.training.masks import mask_of, masked_like
from core.training.network import BuiltLayer
from core.training.time_loops import can_loop, contributions, hidden_states, time_first
from gradlab.keras.recurrence import GATES


@dataclass(frozen=True, eq=False)
class Opened:
    """Values inside a layer for a batch, (batch, *positions, units); of a recurrent one (time, batch, units).

    Attributes:
        output: the layer's output, (batch, ...).
        z: pre-activations, of all gates; for both directions, concatenated.
        h: activations, or hidden states, likewise.
        sources: terms of z, one or one of each direction: the loss has the same derivative by them as by z.
    """

    output: Any
    z: Any
    h: Any
    sources: list[Any]


def is_recurrent(layer: BuiltLayer) -> bool:
    """Return True if `OpenedRecurrence` supports the layer."""
    return isinstance(layer.keras, (keras.layers.Bidirectional, *GATES))


class OpenedRecurrence:
    """A recurrent layer that also returns its pre-activations and hidden states."""

    def __init__(self, layer: BuiltLayer) -> None:
        self._layer = layer.keras
        features = layer.named.input_shape[-1]
        self._both = isinstance(layer.keras, keras.layers.Bidirectional)
        spec: Any = layer.named.spec
        cells = [layer.keras.forward_layer, layer.keras.backward_layer] if self._both else [layer.keras]
        self._directions = [
            _Direction(cell, spec.layer if self._both else spec, features, backward=bool(place) or cell.go_backwards)
            for place, cell in enumerate(cells)
        ]

    def __call__(self, x: Any, watch: Callable[[Any], None]) -> Opened:
        """Run the layer on a batch, (batch, time, features); `watch` is called with each of the sources."""
        mask = mask_of(x)
        seen = [direction(x, mask, watch) for direction in self._directions]
        z, states, sources = map(list, zip(*seen, strict=True))
        return Opened(self._output(x, states), tf.concat(z, -1), tf.concat(states, -1), sources)

    def _output(self, x: Any, states: Sequence[Any]) -> Any:
        """Return the layer's output from the states of each direction, (time, batch, units)."""
        if not self._both:
            (h,) = states
            read = tf.reverse(h, [0]) if self._layer.go_backwards else h
            return masked_like(time_first(read), x) if self._layer.return_sequences else read[-1]
        forward, backward = states
        if not self._layer.return_sequences:
            forward, backward = forward[-1], backward[0]  # the last step of each direction
        merged = {
            "concat": lambda: tf.concat([forward, backward], -1),
            "sum": lambda: forward + backward,
            "ave": lambda: (forward + backward) / 2,
            "mul": lambda: forward * backward,
        }
        output = merged[self._layer.merge_mode]()
        return masked_like(time_first(output), x) if self._layer.return_sequences else output

    def slope(self, z: Any) -> Any:
        """Return the derivative of each gate's activation at its pre-activation, (..., pre-activations)."""
        slopes = []
        parts = tf.split(z, [units for *_, units in self._gates], axis=-1)
        for piece, (function, _, _) in zip(parts, self._gates, strict=True):
            with tf.GradientTape() as tape:
                tape.watch(piece)
                activated = function(piece)
            zero = tf.UnconnectedGradients.ZERO
            slopes.append(tape.gradient(activated, piece, unconnected_gradients=zero))
        return ops.concatenate(slopes, axis=-1)

    @property
    def steepest(self) -> np.ndarray:
        """(pre-activations,) the largest slope of each one's activation; NaN where it has no largest slope."""
        largest = [np.nan if steepest is None else steepest for _, steepest, _ in self._gates]
        return np.repeat(np.array(largest, np.float32), [units for *_, units in self._gates])

    @property
    def _gates(self) -> list[Any]:
        return [part for direction in self._directions for part in direction.gates]


class _Direction:
    """One recurrent layer and its extended copy; a backward layer reads the sequence from its end."""

    def __init__(self, layer: Any, spec: Any, features: int, *, backward: bool) -> None:
        self._layer, self._backward = layer, backward
        units = layer.units
        kinds = next(gates for kind, gates in GATES.items() if isinstance(layer, kind))
        self.width = len(kinds) * units
        self.gates = [(getattr(layer, kind), getattr(spec, kind).steepest, units) for kind in kinds]
        changes = {"name": f"{layer.name}_opened", "return_sequences": True, "go_backwards": False}
        self._copy = type(layer).from_config({**layer.get_config(), **changes})
        self._copy.build((None, None, features + self.width))

    def __call__(self, x: Any, mask: Any, watch: Callable[[Any], None]) -> tuple[Any, Any, Any]:
        """Return z, h and the source, see `Opened`."""
        if mask is None and can_loop(self._layer):
            source = contributions(self._layer, x)
            watch(source)
            z, h = hidden_states(self._layer, self._turned(source, 0))
        else:
            source = tf.zeros((x.shape[1], x.shape[0], self.width))
            watch(source)
            turned = [None if each is None else self._turned(each, 1) for each in (x, time_first(source), mask)]
            z, h = map(time_first, self._by_copy(*turned))
        return self._turned(z, 0), self._turned(h, 0), source

    def _turned(self, x: Any, axis: int) -> Any:
        """Reverse the axis of time where the layer reads from the end."""
        return tf.reverse(x, [axis]) if self._backward else x

    def _by_copy(self, x: Any, nudge: Any, mask: Any) -> tuple[Any, Any]:
        kernel, recurrent, *bias = (
            tf.convert_to_tensor(variable.value) for variable in self._layer.trainable_variables
        )
        widened = ops.concatenate([kernel, ops.eye(self.width)], axis=0)
        mapping = zip(self._copy.trainable_variables, [widened, recurrent, *bias], strict=True)
        with keras.StatelessScope(list(mapping)):
            h = self._copy(ops.concatenate([x, nudge], axis=-1), mask=mask)
        before = tf.pad(h[:, :-1], [[0, 0], [1, 0], [0, 0]])  # the state at the beginning of each step
        return self._pre_activations(x, before, kernel, recurrent, *bias), h

    def _pre_activations(self, x: Any, before: Any, kernel: Any, recurrent: Any, bias: Any = 0.0) -> Any:
        if not isinstance(self._layer, keras.layers.GRU):
            return ops.matmul(x, kernel) + ops.matmul(before, recurrent) + bias
        units, gate = self._layer.units, self._layer.recurrent_activation
        if self._layer.reset_after:
            into, back = (bias[0], bias[1]) if self._layer.use_bias else (0.0, 0.0)
            given, remembered = ops.matmul(x, kernel) + into, ops.matmul(before, recurrent) + back
            reset = gate(given[..., units : 2 * units] + remembered[..., units : 2 * units])
            candidate = given[..., 2 * units :] + reset * remembered[..., 2 * units :]
            return ops.concatenate([(given + remembered)[..., : 2 * units], candidate], axis=-1)
        given = ops.matmul(x, kernel) + bias
        gates = given[..., : 2 * units] + ops.matmul(before, recurrent[:, : 2 * units])
        reset = gate(gates[..., units:])
        candidate = given[..., 2 * units :] + ops.matmul(reset * before, recurrent[:, 2 * units :])
        return ops.concatenate([gates, candidate], axis=-1)
