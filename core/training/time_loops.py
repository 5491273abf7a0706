"""Recurrent layers as one loop over time, which holds the products of the state alone.

Keras's loop multiplies the inputs of each time step by themselves, and its gradient, as TensorFlow derives it, adds
matrices of the kernels' sizes at each step. Here the inputs of all steps are one product before the loop. The
gradient's loop leaves behind the gradients of all pre-activations; those of the kernels are one product each after it.

What a step reads, the step before has read: XLA fuses the reading of a place that is not known before with what is
computed from it, and does not vectorise that (docs/lab-notes/engine.md).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from core.training.network import BuiltLayer

# From pre-activations, (batch, gates·units), and states, (batch, units) each, to the next states, of which the first is
# the output. Pre-activations are the sum of what the inputs and the state contribute, or these two.
Step = Callable[[Sequence[Any], Sequence[Any]], list[Any]]


def loop_over_time(layers: Iterable[BuiltLayer]) -> None:
    """Replace the loops of recurrent layers; results differ in the last digits at most."""
    for layer in layers:
        both = isinstance(layer.keras, keras.layers.Bidirectional)
        for each in (layer.keras.forward_layer, layer.keras.backward_layer) if both else (layer.keras,):
            if can_loop(each):
                each.inner_loop = partial(_inner_loop, each, each.inner_loop)


def can_loop(layer: Any) -> bool:
    """Return True for Keras's layers that `hidden_states` can run, without masks."""
    # A gate that resets the state before its product makes the product depend on the gate.
    return type(layer) in STEPS and getattr(layer, "reset_after", True)


def _inner_loop(layer: Any, kerass: Any, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
    """Compute the same as `inner_loop` of Keras's layer: the last output, all outputs, and no states."""
    cell, is_masked = layer.cell, any(each is not None for each in tf.nest.flatten(mask))
    if is_masked or (training and cell.recurrent_dropout):
        return kerass(sequences, initial_state, mask, training)
    if training and cell.dropout:
        sequences = sequences * cell.get_dropout_mask(sequences[:, 0])[:, None]
    if layer.go_backwards:
        sequences = tf.reverse(sequences, [1])
    outputs = tf.transpose(_run(layer, sequences)[0], [1, 0, 2])
    return outputs[:, -1], outputs, []


def hidden_states(layer: Any, x: Any, nudge: Any) -> tuple[Any, Any]:
    """Run a recurrent layer forwards in time, with `nudge` added to its pre-activations.

    Args:
        layer: Keras's; `can_loop` is true for it.
        x: (batch, time, features).
        nudge: (batch, time, gates·units).

    Returns:
        The pre-activations, (batch, time, gates·units), which have no gradient, and the states, (batch, time, units).
    """
    outputs, pre = _run(layer, x, nudge)
    z = pre[0]
    if len(pre) > 1:
        units, (given, remembered) = layer.units, pre
        gates = given[..., : 2 * units] + remembered[..., : 2 * units]
        reset = layer.recurrent_activation(gates[..., units:])
        z = tf.concat([gates, given[..., 2 * units :] + reset * remembered[..., 2 * units :]], -1)
    return tf.transpose(tf.stop_gradient(z), [1, 0, 2]), tf.transpose(outputs, [1, 0, 2])


def _run(layer: Any, x: Any, nudge: Any = None) -> tuple[Any, list[Any]]:
    """Return the outputs and the pre-activations as `Step` takes them, time first."""
    cell, (batch, time, features) = layer.cell, x.shape
    is_apart = isinstance(cell, keras.layers.GRUCell)
    biases: list[Any] = [0.0, tf.zeros(3 * cell.units)] if is_apart else [0.0]
    if cell.use_bias:
        biases = tf.unstack(tf.convert_to_tensor(cell.bias)) if is_apart else [tf.convert_to_tensor(cell.bias)]
    by_time = tf.reshape(tf.transpose(x, [1, 0, 2]), (-1, features))
    given = tf.reshape(tf.matmul(by_time, tf.convert_to_tensor(cell.kernel)) + biases[0], (time, batch, -1))
    if nudge is not None:
        given += tf.transpose(nudge, [1, 0, 2])
    step, states = partial(STEPS[type(layer)], cell), [tf.zeros((batch, cell.units))] * STATES.get(type(layer), 1)
    outputs, kept = scan(step, given, tf.convert_to_tensor(cell.recurrent_kernel), biases[1:], states)
    return outputs, [given, kept] if is_apart else [kept]


def _simple(cell: Any, pre: Sequence[Any], states: Sequence[Any]) -> list[Any]:
    return [cell.activation(pre[0])]


def _lstm(cell: Any, pre: Sequence[Any], states: Sequence[Any]) -> list[Any]:
    write, keep, new, read = tf.split(pre[0], 4, -1)
    carry = cell.recurrent_activation(keep) * states[1] + cell.recurrent_activation(write) * cell.activation(new)
    return [cell.recurrent_activation(read) * cell.activation(carry), carry]


def _gru(cell: Any, pre: Sequence[Any], states: Sequence[Any]) -> list[Any]:
    (update, reset, new), (update_back, reset_back, new_back) = (tf.split(each, 3, -1) for each in pre)
    z = cell.recurrent_activation(update + update_back)
    candidate = cell.activation(new + cell.recurrent_activation(reset + reset_back) * new_back)
    return [z * states[0] + (1 - z) * candidate]


STEPS: Mapping[type, Callable[..., list[Any]]] = {
    keras.layers.SimpleRNN: _simple,
    keras.layers.GRU: _gru,
    keras.layers.LSTM: _lstm,
}
# Numbers of states; one in all others.
STATES = {keras.layers.LSTM: 2}


def scan(step: Step, given: Any, kernel: Any, bias: Sequence[Any], states: Sequence[Any]) -> tuple[Any, Any]:
    """Run a recurrence over time.

    Args:
        step: computes the next states.
        given: (time, batch, gates·units) what the inputs contribute to the pre-activations.
        kernel: (units, gates·units) the recurrent kernel.
        bias: of what the state contributes, (gates·units,), where `step` takes the contributions apart; else none.
        states: (batch, units) each, the states before the first step.

    Returns:
        (time, batch, units), the first state after each step; and (time, batch, gates·units), the last of the
        pre-activations as `step` took them, without a gradient.
    """
    last = given.shape[0] - 1

    def forward(given: Any, kernel: Any, *bias: Any) -> Any:
        inputs = _array(given)

        def one(t: Any, states: Any, here: Any, kept: Any) -> Any:
            remembered = tf.matmul(states[0], kernel)
            pre = [here, remembered + bias[0]] if bias else [here + remembered]
            kept = [array.write(t, value) for array, value in zip(kept, [pre[-1], *states], strict=True)]
            return t + 1, step(pre, states), inputs.read(tf.minimum(t + 1, last)), kept

        empty = [_new(last + 1, given.shape[1:]), *(_new(last + 1, state.shape) for state in states)]
        begin = (0, list(states), inputs.read(0), empty)
        _, ends, _, kept = tf.while_loop(lambda t, *_: t <= last, one, begin)
        pre, *before = [array.stack() for array in kept]

        def gradient(upstream: Any, _: Any) -> Any:
            by_pre = _backward(step, [given, pre] if bias else [pre], before, kernel, upstream)
            flat = tf.reshape(by_pre[-1], (-1, by_pre[-1].shape[-1]))
            by_kernel = tf.matmul(tf.reshape(before[0], (-1, before[0].shape[-1])), flat, transpose_a=True)
            return by_pre[0], by_kernel, *([tf.reduce_sum(flat, 0)] if bias else [])

        return (tf.concat([before[0][1:], ends[:1]], 0), pre), gradient

    outputs, pre = tf.custom_gradient(forward)(given, kernel, *bias)
    return outputs, pre


def _backward(step: Step, pre: Sequence[Any], before: Sequence[Any], kernel: Any, upstream: Any) -> list[Any]:
    """Return the gradients by the pre-activations, (time, batch, gates·units) each."""
    last, count = upstream.shape[0] - 1, len(pre)
    arrays = [_array(each) for each in (*pre, *before, upstream)]

    def one(t: Any, deltas: Any, here: Any, kept: Any) -> Any:
        *values, above = here
        with tf.GradientTape() as tape:
            tape.watch(values)
            after = step(values[:count], values[count:])
        deltas = [deltas[0] + above, *deltas[1:]]
        zero = tf.UnconnectedGradients.ZERO
        made = tape.gradient(after, values, deltas, unconnected_gradients=zero)
        by_pre, earlier = made[:count], made[count:]
        earlier[0] += tf.matmul(by_pre[-1], kernel, transpose_b=True)
        here = [array.read(tf.maximum(t - 1, 0)) for array in arrays]
        return t - 1, earlier, here, [array.write(t, value) for array, value in zip(kept, by_pre, strict=True)]

    zeros = [tf.zeros(state.shape[1:]) for state in before]
    empty = [_new(last + 1, each.shape[1:]) for each in pre]
    begin = (last, zeros, [array.read(last) for array in arrays], empty)
    *_, kept = tf.while_loop(lambda t, *_: t >= 0, one, begin)
    return [array.stack() for array in kept]


def _new(count: int, shape: Any) -> Any:
    return tf.TensorArray(tf.float32, count, element_shape=shape, clear_after_read=False)


def _array(values: Any) -> Any:
    return _new(values.shape[0], values.shape[1:]).unstack(values)
