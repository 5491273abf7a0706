"""Recurrent layers as one loop over time, which holds the products of the state alone, or its convolutions.

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
from core.training.recurrences import biases_of, gates_of, is_per_unit, outputs_in_columns, runs_in_columns

# From pre-activations, (batch, gates·units), and states, (batch, units) each, to the next states, of which the first is
# the output. Pre-activations are the sum of what the inputs and the state contribute, or these two.
Step = Callable[[Sequence[Any], Sequence[Any]], list[Any]]
# From a state, (batch, ..., units), and the recurrent kernel to what they contribute, (batch, ..., gates·units).
Product = Callable[[Any, Any], Any]
# From sequences in the loop's order, (batch, time, ...), and True while training, to the outputs, (time, batch, ...),
# or to the last of them, (1, batch, ...).
Run = Callable[[Any, bool], Any]


# Numbers of time steps in one round of a plain graph's loop, the first that divides all: a round of its own costs up to
# 15 us. Not for XLA, which would compile each step's kernels.
AT_ONCE = (4, 2, 1)


def loop_over_time(layers: Iterable[BuiltLayer]) -> None:
    """Replace the loops of recurrent layers; results differ in the last digits at most."""
    for layer in layers:
        spec: Any = layer.named.spec
        both = isinstance(layer.keras, keras.layers.Bidirectional)
        for each in (layer.keras.forward_layer, layer.keras.backward_layer) if both else (layer.keras,):
            if can_loop(each):
                replace_loop(each, partial(_outputs, each, is_per_unit(spec.layer if both else spec)))


def replace_loop(layer: Any, run: Run) -> None:
    """Replace the loop of a layer of Keras's; masked sequences and dropped states keep the one that it has."""
    layer.inner_loop = partial(_inner_loop, layer, run, layer.inner_loop)


def can_loop(layer: Any) -> bool:
    """Return True for Keras's layers that `hidden_states` can run, without masks."""
    # A gate that resets the state before its product makes the product depend on the gate.
    return type(layer) in STEPS and getattr(layer, "reset_after", True)


def _inner_loop(
    layer: Any, run: Run, kerass: Any, sequences: Any, initial_state: Any, mask: Any, training: bool = False
) -> Any:
    """Compute the same as `inner_loop` of Keras's layer: the last output, all outputs, and no states."""
    is_masked = any(each is not None for each in tf.nest.flatten(mask))
    if is_masked or (training and layer.cell.recurrent_dropout):
        return kerass(sequences, initial_state, mask, training)
    outputs = time_first(run(tf.reverse(sequences, [1]) if layer.go_backwards else sequences, training))
    return outputs[:, -1], outputs, []


def time_first(x: Any) -> Any:
    """Exchange the axes of samples and of time steps, in either direction."""
    return tf.transpose(x, [1, 0, *range(2, len(x.shape))])


def _outputs(layer: Any, per_unit: bool, sequences: Any, training: bool) -> Any:
    cell = layer.cell
    if training and cell.dropout:
        sequences = sequences * cell.get_dropout_mask(sequences[:, 0])[:, None]
    if per_unit and runs_in_columns(layer, sequences):
        return outputs_in_columns(layer, *_step_of(layer), sequences)
    return _run(layer, contributions(layer, sequences), only_last=not layer.return_sequences)[0]


def contributions(layer: Any, x: Any) -> Any:
    """Return what inputs, (batch, time, features), contribute to the pre-activations: (time, batch, gates·units)."""
    cell, (batch, time, features) = layer.cell, x.shape
    by_time = tf.reshape(time_first(x), (-1, features))
    bias = biases_of(cell)[0] if cell.use_bias else 0.0
    return tf.reshape(tf.matmul(by_time, tf.convert_to_tensor(cell.kernel)) + bias, (time, batch, -1))


def hidden_states(layer: Any, given: Any) -> tuple[Any, Any]:
    """Run a recurrent layer forwards in time, in a plain graph.

    Args:
        layer: Keras's; `can_loop` is true for it.
        given: (time, batch, gates·units), see `contributions`.

    Returns:
        The pre-activations, (time, batch, gates·units), which have no gradient, and the states, (time, batch, units).
    """
    outputs, pre = _run(layer, given, next(count for count in AT_ONCE if not given.shape[0] % count))
    z = pre[0]
    if len(pre) > 1:
        units, (given, remembered) = layer.units, pre
        gates = given[..., : 2 * units] + remembered[..., : 2 * units]
        reset = layer.recurrent_activation(gates[..., units:])
        z = tf.concat([gates, given[..., 2 * units :] + reset * remembered[..., 2 * units :]], -1)
    return tf.stop_gradient(z), outputs


def _run(layer: Any, given: Any, at_once: int = 1, *, only_last: bool = False) -> tuple[Any, list[Any]]:
    """Return the outputs, or the last one, and the pre-activations as `Step` takes them, time first."""
    cell, biases = layer.cell, []
    is_apart = isinstance(cell, keras.layers.GRUCell)
    if is_apart:
        biases = [biases_of(cell)[1] if cell.use_bias else tf.zeros(3 * cell.units)]
    (step, count), kernel = _step_of(layer), tf.convert_to_tensor(cell.recurrent_kernel)
    states = [tf.zeros((given.shape[1], cell.units))] * count
    outputs, kept = scan(step, given, kernel, biases, states, at_once=at_once, only_last=only_last)
    return outputs, [given, kept] if is_apart else [kept]


def _step_of(layer: Any) -> tuple[Callable[..., list[Any]], int]:
    """Return the step of a layer, and the number of its states."""
    return partial(STEPS[type(layer)], layer.cell), STATES.get(type(layer), 1)


def _simple(cell: Any, pre: Sequence[Any], states: Sequence[Any]) -> list[Any]:
    return [cell.activation(gates_of(pre[0], 1)[0])]


def _lstm(cell: Any, pre: Sequence[Any], states: Sequence[Any]) -> list[Any]:
    write, keep, new, read = gates_of(pre[0], 4)
    carry = cell.recurrent_activation(keep) * states[1] + cell.recurrent_activation(write) * cell.activation(new)
    return [cell.recurrent_activation(read) * cell.activation(carry), carry]


def _gru(cell: Any, pre: Sequence[Any], states: Sequence[Any]) -> list[Any]:
    (update, reset, new), (update_back, reset_back, new_back) = (gates_of(each, 3) for each in pre)
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


def scan(
    step: Step,
    given: Any,
    kernel: Any,
    bias: Sequence[Any],
    states: Sequence[Any],
    multiply: Product = tf.matmul,
    at_once: int = 1,
    *,
    only_last: bool = False,
) -> tuple[Any, Any]:
    """Run a recurrence over time.

    Args:
        step: computes the next states.
        given: (time, batch, ..., gates·units) what the inputs contribute to the pre-activations.
        kernel: the recurrent kernel, (units, gates·units) for a product of matrices.
        bias: of what the state contributes, (gates·units,), where `step` takes the contributions apart; else none.
        states: (batch, ..., units) each, the states before the first step.
        multiply: computes what the first state contributes; linear in the state and in the kernel.
        at_once: time steps in one round of the loop; divides their number.
        only_last: True where only the state after the last step is read: its gradient then has no other steps.

    Returns:
        (time, batch, ..., units), the first state after each step, or (1, batch, ..., units), after the last one; and
        (time, batch, ..., gates·units), the last of the pre-activations as `step` took them, without a gradient.
    """
    last = given.shape[0] - 1

    def forward(given: Any, kernel: Any, *bias: Any) -> Any:
        inputs = _array(given)

        def one(t: Any, states: Any, here: Any, kept: Any) -> Any:
            remembered = multiply(states[0], kernel)
            pre = [here, remembered + bias[0]] if bias else [here + remembered]
            kept = [array.write(t, value) for array, value in zip(kept, [pre[-1], *states], strict=True)]
            after = step(pre, states)
            return t + 1, after, inputs.read(_read_after(after[0], tf.minimum(t + 1, last))), kept

        empty = [_new(last + 1, given.shape[1:]), *(_new(last + 1, state.shape) for state in states)]
        begin = (0, list(states), inputs.read(0), empty)
        _, ends, _, kept = tf.while_loop(lambda t, *_: t <= last, _several(one, at_once), begin)
        pre, before, *_ = [array.stack() for array in kept]

        def gradient(upstream: Any, _: Any) -> Any:
            steps = [inputs, kept[0]] if bias else kept[:1]
            by_pre = _backward(step, steps, kept[1:], _by_state(multiply, kernel), upstream, last, at_once)
            remembered, flat = (tf.reshape(each, (-1, *each.shape[2:])) for each in (before, by_pre[-1]))
            by_kernel = _gradient(lambda each: multiply(remembered, each), kernel, flat)
            return by_pre[0], by_kernel, *([tf.reduce_sum(flat, 0)] if bias else [])

        return (tf.stack(ends[:1]) if only_last else tf.concat([before[1:], ends[:1]], 0), pre), gradient

    outputs, pre = tf.custom_gradient(forward)(given, kernel, *bias)
    return outputs, pre


def _gradient(compute: Callable[[Any], Any], value: Any, upstream: Any) -> Any:
    """Return the gradient by a value from the one by what is computed from it."""
    with tf.GradientTape() as tape:
        tape.watch(value)
        made = compute(value)
    return tape.gradient(made, value, upstream)


def _by_state(multiply: Product, kernel: Any) -> Callable[[Any, Any], Any]:
    """Return a function of a state and of the gradient by what it contributes; its result is the one by the state."""
    if multiply is tf.matmul:
        turned = tf.transpose(kernel)  # once, which the product of each step would do again
        return lambda state, upstream: tf.matmul(upstream, turned)
    return partial(_gradient, lambda state: multiply(state, kernel))


def _backward(
    step: Step,
    pre: Sequence[Any],
    before: Sequence[Any],
    to_state: Callable[[Any, Any], Any],
    upstream: Any,
    last: int,
    at_once: int,
) -> list[Any]:
    """Return the gradients by the pre-activations, (time, batch, ..., gates·units) each.

    Args:
        step: computes the next states.
        pre: arrays of the pre-activations of all steps.
        before: arrays of the states before each step.
        to_state: takes the first state and a gradient by what it contributes; returns the one by the state.
        upstream: (time, batch, ..., units), the gradient by the first state after each step, or after the last one.
        last: the number of the last step, from 0.
        at_once: as in `scan`.
    """
    count, of_last = len(pre), upstream.shape[0] == 1
    arrays = [*pre, *before, *([] if of_last else [_array(upstream)])]

    def one(t: Any, deltas: Any, here: Any, kept: Any) -> Any:
        values = here[: count + len(before)]
        with tf.GradientTape() as tape:
            tape.watch(values)
            after = step(values[:count], values[count:])
        deltas = deltas if of_last else [deltas[0] + here[-1], *deltas[1:]]
        zero = tf.UnconnectedGradients.ZERO
        made = tape.gradient(after, values, deltas, unconnected_gradients=zero)
        by_pre, earlier = made[:count], made[count:]
        earlier[0] += to_state(values[count], by_pre[-1])
        place = _read_after(earlier[0], tf.maximum(t - 1, 0))
        here = [array.read(place) for array in arrays]
        return t - 1, earlier, here, [array.write(t, value) for array, value in zip(kept, by_pre, strict=True)]

    zeros = [tf.zeros(each.element_shape) for each in before]
    empty = [_new(last + 1, each.element_shape) for each in pre]
    deltas = [upstream[0], *zeros[1:]] if of_last else zeros
    begin = (last, deltas, [array.read(last) for array in arrays], empty)
    *_, kept = tf.while_loop(lambda t, *_: t >= 0, _several(one, at_once), begin)
    return [array.stack() for array in kept]


def _read_after(values: Any, place: Any) -> Any:
    """Return the place, which then hangs on the values: what is read there comes after all that led to them.

    XLA orders operations by their inputs only. Where the next step's reading might come before the last use of what
    this step has read, it copies that twice.
    """
    first = tf.reshape(values, (-1,))[0]
    return place + tf.bitwise.right_shift(tf.bitcast(tf.abs(first), tf.int32), 31)  # no sign: 0, of a NaN too


def _several(body: Callable[..., Any], count: int) -> Callable[..., Any]:
    """Return a loop's body that runs `body` so many times."""

    def run(*values: Any) -> Any:
        for _ in range(count):
            values = body(*values)
        return values

    return run


def _new(count: int, shape: Any) -> Any:
    return tf.TensorArray(tf.float32, count, element_shape=shape, clear_after_read=False)


def _array(values: Any) -> Any:
    return _new(values.shape[0], values.shape[1:]).unstack(values)
