"""Pre-activations and signals of recurrent layers, which never leave Keras's loop over time.

A copy of the layer takes more inputs: x and one zero for every pre-activation, with the kernel [W; 1]. Its outputs
equal the layer's. The derivative with respect to those zeros is the signal at each time step. The pre-activations are
computed from the inputs and the hidden states. `core.training.recurrent` does the same for stacked networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

# The activation that each pre-activation of a cell goes through, in the order of Keras's kernels.
GATES = {
    keras.layers.SimpleRNN: ("activation",),
    keras.layers.LSTM: ("recurrent_activation", "recurrent_activation", "activation", "recurrent_activation"),
    keras.layers.GRU: ("recurrent_activation", "recurrent_activation", "activation"),
}


@dataclass(frozen=True, eq=False)
class Opened:
    """Values inside a recurrent layer for a batch.

    Attributes:
        output: the layer's output.
        z: (batch, time, pre-activations) of all gates; for both directions, concatenated.
        h: (batch, time, units) hidden states, likewise.
    """

    output: Any
    z: Any
    h: Any


def obstacle(layer: Any) -> str | None:
    """Return the reason why a recurrent layer cannot be opened; None if it can, or is not recurrent."""
    if not is_recurrent(layer):
        return None
    for each in _cells(layer):
        if each.return_state or each.stateful:
            return "it returns or keeps its state"
    return None


def is_recurrent(layer: Any) -> bool:
    """Return True if the layer is one of Keras's recurrent layers, or two of them in both directions."""
    return all(isinstance(each, tuple(GATES)) for each in _cells(layer))


def _cells(layer: Any) -> list[Any]:
    both = isinstance(layer, keras.layers.Bidirectional)
    return [layer.forward_layer, layer.backward_layer] if both else [layer]


class OpenedRecurrence:
    """A recurrent layer that also returns its pre-activations and hidden states.

    Args:
        layer: a built layer for which `is_recurrent` is true.
        features: the number of features of its input.
    """

    def __init__(self, layer: Any, features: int) -> None:
        self._layer, self._both = layer, isinstance(layer, keras.layers.Bidirectional)
        self._directions = [_Direction(each, features) for each in _cells(layer)]

    @property
    def width(self) -> int:
        """The number of pre-activations of a time step."""
        return sum(direction.width for direction in self._directions)

    @property
    def gates(self) -> list[tuple[Any, int]]:
        """The activation of each gate, with its number of units."""
        return [gate for direction in self._directions for gate in direction.gates]

    def __call__(self, x: Any, nudge: Any, mask: Any = None) -> Opened:
        """Run the layer on a batch, (batch, time, features), with `nudge` added to its pre-activations."""
        nudges = parts_of(nudge, [direction.width for direction in self._directions])
        seen = [direction(x, each, mask) for direction, each in zip(self._directions, nudges, strict=True)]
        z, h = (ops.concatenate(parts, axis=-1) for parts in zip(*seen, strict=True))
        states = [states for _, states in seen]  # (batch, time, units), in the order of the input
        if not self._both:
            backwards = self._layer.go_backwards
            if self._layer.return_sequences:
                return Opened(ops.flip(h, axis=1) if backwards else h, z, h)
            return Opened(h[:, 0] if backwards else h[:, -1], z, h)
        forward, backward = states
        if not self._layer.return_sequences:
            forward, backward = forward[:, -1], backward[:, 0]  # the last step of each direction
        mode = self._layer.merge_mode
        if mode == "concat":
            return Opened(ops.concatenate([forward, backward], axis=-1), z, h)
        if mode == "sum":
            return Opened(forward + backward, z, h)
        return Opened((forward + backward) / 2 if mode == "ave" else forward * backward, z, h)


def parts_of(x: Any, widths: Sequence[int]) -> list[Any]:
    """Split the last axis into consecutive parts."""
    ends = np.cumsum(widths).tolist()
    return [x[..., end - width : end] for end, width in zip(ends, widths, strict=True)]


class _Direction:
    """One recurrent layer and its extended copy; a backward layer reads the sequence from its end."""

    def __init__(self, layer: Any, features: int) -> None:
        self._layer, self._backward = layer, layer.go_backwards
        kind = next(each for each in GATES if isinstance(layer, each))
        units = layer.units
        self.width = len(GATES[kind]) * units
        self.gates = [(getattr(layer, name), units) for name in GATES[kind]]
        changes = {"name": f"{layer.name}_opened", "return_sequences": True, "go_backwards": False}
        self._copy = kind.from_config({**kind.get_config(layer), **changes})
        self._copy.build((None, None, features + self.width))

    def __call__(self, x: Any, nudge: Any, mask: Any) -> tuple[Any, Any]:
        """Pre-activations and hidden states, both (batch, time, width), in the order of the input."""
        if self._backward:
            x, nudge = ops.flip(x, axis=1), ops.flip(nudge, axis=1)
            mask = None if mask is None else ops.flip(mask, axis=1)
        cell = self._layer.cell
        kernel, recurrent = (ops.cast(each.value, x.dtype) for each in (cell.kernel, cell.recurrent_kernel))
        bias = ops.cast(cell.bias.value, x.dtype) if self._layer.use_bias else None
        widened = ops.concatenate([kernel, ops.eye(self.width, dtype=x.dtype)], axis=0)
        given = [widened, recurrent] if bias is None else [widened, recurrent, bias]
        copied = self._copy.cell
        own = [copied.kernel, copied.recurrent_kernel] + ([] if bias is None else [copied.bias])
        with keras.StatelessScope(list(zip(own, given, strict=True))):
            h = self._copy(ops.concatenate([x, nudge], axis=-1), mask=mask, training=False)
        before = ops.pad(h[:, :-1], [[0, 0], [1, 0], [0, 0]])  # the state at the beginning of each step
        z = self._pre_activations(x, before, kernel, recurrent, bias)
        return (ops.flip(z, axis=1), ops.flip(h, axis=1)) if self._backward else (z, h)

    def _pre_activations(self, x: Any, before: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
        if not isinstance(self._layer, keras.layers.GRU):
            z = ops.matmul(x, kernel) + ops.matmul(before, recurrent)
            return z if bias is None else z + bias
        units, gate = self._layer.units, self._layer.recurrent_activation
        if self._layer.reset_after:
            into, back = (0.0, 0.0) if bias is None else (bias[0], bias[1])
            given, remembered = ops.matmul(x, kernel) + into, ops.matmul(before, recurrent) + back
            reset = gate(given[..., units : 2 * units] + remembered[..., units : 2 * units])
            candidate = given[..., 2 * units :] + reset * remembered[..., 2 * units :]
            return ops.concatenate([(given + remembered)[..., : 2 * units], candidate], axis=-1)
        given = ops.matmul(x, kernel) + (0.0 if bias is None else bias)
        gates = given[..., : 2 * units] + ops.matmul(before, recurrent[:, : 2 * units])
        reset = gate(gates[..., units:])
        candidate = given[..., 2 * units :] + ops.matmul(reset * before, recurrent[:, 2 * units :])
        return ops.concatenate([gates, candidate], axis=-1)
