"""Probes of recurrent layers, whose pre-activations never leave the loop over time.

A zero is added to every pre-activation. The derivative with respect to those zeros is the signal at each time step. The
engine's own loop takes the zeros, and returns pre-activations and hidden states. Keras's loop, for masked sequences and
for a gate that resets the state before its product, runs in a copy of the layer. The copy takes more inputs: x and the
zeros, with the kernel [W; 1]. Its outputs equal the layer's, and the pre-activations are computed from them.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from core.training.masks import mask_of, masked_like
from core.training.network import BuiltLayer
from core.training.time_loops import can_loop, hidden_states
from gradlab.keras.recurrence import GATES, Opened


def is_recurrent(layer: BuiltLayer) -> bool:
    """Return True if `OpenedRecurrence` supports the layer."""
    return isinstance(layer.keras, (keras.layers.Bidirectional, *GATES))


class OpenedRecurrence:
    """A recurrent layer that also returns its pre-activations and hidden states."""

    def __init__(self, layer: BuiltLayer) -> None:
        self._layer = layer.keras
        self._time, features = layer.named.input_shape
        self._both = isinstance(layer.keras, keras.layers.Bidirectional)
        spec: Any = layer.named.spec
        cells = [layer.keras.forward_layer, layer.keras.backward_layer] if self._both else [layer.keras]
        self._directions = [
            _Direction(cell, spec.layer if self._both else spec, features, backward=bool(place) or cell.go_backwards)
            for place, cell in enumerate(cells)
        ]

    def pre_activation_shape(self, batch: int) -> tuple[int, int, int]:
        """Return (batch, time, pre-activations)."""
        return batch, self._time, sum(direction.width for direction in self._directions)

    def __call__(self, x: Any, nudge: Any) -> Opened:
        """Run the layer on a batch, (batch, time, features), with `nudge` added to its pre-activations."""
        nudges, mask = tf.split(nudge, [direction.width for direction in self._directions], axis=-1), mask_of(x)
        seen = [direction(x, each, mask) for direction, each in zip(self._directions, nudges, strict=True)]
        states = [h for _, h in seen]  # (batch, time, units), in the order of the input
        z, h = (ops.concatenate(parts, axis=-1) for parts in zip(*seen, strict=True))
        if not self._both:
            read = tf.reverse(h, [1]) if self._layer.go_backwards else h
            return Opened(masked_like(read, x) if self._layer.return_sequences else read[:, -1], z, h)
        forward, backward = states
        if not self._layer.return_sequences:
            forward, backward = forward[:, -1], backward[:, 0]  # the last step of each direction
        merged = {
            "concat": lambda: ops.concatenate([forward, backward], axis=-1),
            "sum": lambda: forward + backward,
            "ave": lambda: (forward + backward) / 2,
            "mul": lambda: forward * backward,
        }
        output = merged[self._layer.merge_mode]()
        return Opened(masked_like(output, x) if self._layer.return_sequences else output, z, h)

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

    def __call__(self, x: Any, nudge: Any, mask: Any) -> tuple[Any, Any]:
        """Pre-activations and hidden states, both (batch, time, width), in the order of the input."""
        if self._backward:
            x, nudge = tf.reverse(x, [1]), tf.reverse(nudge, [1])
            mask = None if mask is None else tf.reverse(mask, [1])
        if mask is None and can_loop(self._layer):
            z, h = hidden_states(self._layer, x, nudge)
        else:
            z, h = self._by_copy(x, nudge, mask)
        return (tf.reverse(z, [1]), tf.reverse(h, [1])) if self._backward else (z, h)

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
