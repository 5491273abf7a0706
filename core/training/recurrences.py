"""A recurrence over time for XLA and its gradient, each as one loop, of a network by itself.

XLA fuses what a step reads with what is computed from it, and works by vectors if every gate is read by itself: the
place is then the same for a whole kernel. Where one reading serves several gates, the place is looked up for every
number, and nothing is vectorised (docs/lab-notes/engine.md). What a step writes are rows without inner axes, since
loops over short axes are unrolled before they are vectorised.

Networks side by side keep the loop of `core.training.time_loops`: `tf.vectorized_map` drops gradients of functions.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.compiler.tf2xla.ops import gen_xla_ops

from core.training.conversions import is_beside
from core.training.equal_layers import is_compiled

# Pre-activations of each gate, (batch, ..., units), or one of the two terms of which they are the sum.
Gates = Sequence[Any]
# From pre-activations and states, (batch, ..., units) each, to the next states, of which the first is the output.
# Pre-activations are one sum, or its terms: what the inputs contribute, and what the state does.
Step = Callable[[Sequence[Gates], Sequence[Any]], list[Any]]

# Up to so many units and features, samples are the last axis of a network by itself, if a batch has as many samples as
# the layer has units. More features mean a layer above another one, whose inputs need a gradient (decision 116).
MAX_UNITS_IN_COLUMNS, MAX_FEATURES_IN_COLUMNS = 32, 4


def is_per_unit(spec: Any) -> bool:
    """Return True if each unit's activations depend on its own pre-activations only."""
    return all(getattr(spec, name).per_unit for name in ("activation", "recurrent_activation") if hasattr(spec, name))


def runs_in_columns(layer: Any, x: Any) -> bool:
    """Return True where `outputs_in_columns` is the faster form of a small layer."""
    batch, _, features = x.shape
    is_small = layer.units <= min(MAX_UNITS_IN_COLUMNS, batch) and features <= MAX_FEATURES_IN_COLUMNS
    return is_small and is_compiled() and not is_beside()


def gates_of(pre: Any, count: int) -> Any:
    """Return each gate by itself; a list already holds them."""
    return pre if isinstance(pre, list) else tf.split(pre, count, -1)


def biases_of(cell: Any) -> list[Any]:
    """Return the bias of what the inputs contribute and, of a GRU, that of what the state does."""
    bias = tf.convert_to_tensor(cell.bias)
    return tf.unstack(bias) if isinstance(cell, keras.layers.GRUCell) else [bias]


class _Rows:
    """Values of all time steps: a row for each step, of which each gate is read by itself.

    Sums overwrite what the inputs have contributed.
    """

    def __init__(self, units: int) -> None:
        self._units = units

    def given(self, values: Any) -> Any:
        """Return what `read` takes, from (time, batch, ...)."""
        return tf.reshape(values, (values.shape[0], -1))

    def new(self, count: int, shape: Any) -> Any:
        """Return zeros for so many places, which a loop overwrites."""
        return tf.zeros((count, np.prod(shape)))

    def write(self, values: Any, place: Any, value: Any) -> Any:
        """Return the values with this one at a place."""
        return gen_xla_ops.xla_dynamic_update_slice(values, tf.reshape(value, (1, -1)), tf.stack([place, 0]))

    def stacked(self, values: Any, shape: Any) -> Any:
        """Return values of a shape, (places, *shape)."""
        return tf.reshape(values, (values.shape[0], *shape))

    def read(self, values: Any, place: Any, shape: Any) -> Gates:
        """Return the values of a shape, (batch, ..., gates·units), at a place, each gate by itself."""
        *inner, width = shape
        size, values = [*inner, self._units], self.stacked(values, shape)
        places = ([place, *[0] * len(inner), begin] for begin in range(0, width, self._units))
        return [tf.reshape(_sliced(values, begin, [1, *size]), size) for begin in places]

    def parts(self, value: Any) -> Gates:
        """Return each gate of (batch, ..., gates·units) by itself."""
        return tf.split(value, value.shape[-1] // self._units, -1)

    def add(self, sums: Any, place: Any, remembered: Any) -> tuple[Any, Gates]:
        """Add what the state contributes at a place; return all sums, and each gate of this one by itself."""
        row = _sliced(sums, [place, 0], [1, sums.shape[1]])
        sums = self.write(sums, place, row + tf.reshape(remembered, (1, -1)))
        return sums, self.read(sums, place, remembered.shape)


class _Columns:
    """Products with a sample for each column: states are (units·batch,), contributions (gates·units·batch,)."""

    def __init__(self, batch: int) -> None:
        self._batch = batch

    def of(self, kernel: Any) -> Callable[[Any], Any]:
        """Return the function from a state to what it contributes, called before the loop."""
        return partial(self._times, tf.transpose(kernel))

    def by_state(self, kernel: Any) -> Callable[[Any], Any]:
        """Return the function from the gradient by what a state contributes to that by the state, likewise."""
        return partial(self._times, kernel)

    def by_kernel(self, kernel: Any, states: Any, upstream: Any) -> Any:
        """Return the gradient by the kernel, from all steps' states and gradients by what they contribute."""
        units, columns = kernel.shape
        states, upstream = (
            tf.reshape(states, (-1, units, self._batch)),
            tf.reshape(upstream, (-1, columns, self._batch)),
        )
        return tf.reduce_sum(tf.matmul(states, upstream, transpose_b=True), 0)  # step by step: nothing is transposed

    def _times(self, kernel: Any, flat: Any) -> Any:
        return tf.reshape(tf.matmul(kernel, tf.reshape(flat, (-1, self._batch))), (-1,))


def _sliced(values: Any, begin: Sequence[Any], size: Sequence[int]) -> Any:
    return gen_xla_ops.xla_dynamic_slice(values, tf.stack(begin), size)


def scan_by_gates(
    step: Step,
    given: Any,
    kernel: Any,
    bias: Sequence[Any],
    states: Sequence[Any],
    product: _Columns,
    *,
    only_last: bool,
) -> Any:
    """Run a recurrence over time.

    Args:
        step: computes the next states.
        given: (time, batch, ..., gates·units) what the inputs contribute to the pre-activations.
        kernel: the recurrent kernel, (units, gates·units) for a product of matrices.
        bias: of what the state contributes, (gates·units,), where `step` takes the two terms; else none.
        states: (batch, ..., units) each, the states before the first step.
        product: what the first state contributes.
        only_last: True where only the state after the last step is read: its gradient then has no other steps.

    Returns:
        (time, batch, ..., units), the first state after each step, or (1, batch, ..., units), after the last one.
    """
    time, shape = given.shape[0], given.shape[1:]
    form = _Rows(states[0].shape[-1])

    def forward(given: Any, kernel: Any, *bias: Any) -> Any:
        inputs, contribute = form.given(given), product.of(kernel)

        def one(t: Any, before: Any, kept: Any, arrays: Any) -> Any:
            remembered = contribute(before[0])
            if bias:
                remembered += bias[0]
                kept, pre = form.write(kept, t, remembered), [form.read(inputs, t, shape), form.parts(remembered)]
            else:
                kept, total = form.add(kept, t, remembered)
                pre = [total]
            after = step(pre, before)
            arrays = [form.write(array, t + 1, each) for array, each in zip(arrays, after, strict=True)]
            return t + 1, after, kept, arrays

        arrays = [form.write(form.new(time + 1, each.shape), 0, each) for each in states]
        begin = (0, list(states), form.new(time, shape) if bias else inputs, arrays)
        _, ends, kept, arrays = tf.while_loop(lambda t, *_: t < time, one, begin)
        after = form.stacked(arrays[0], states[0].shape)

        def gradient(upstream: Any) -> Any:
            pre = [inputs, kept] if bias else [kept]
            by_pre = _backward(form, step, pre, arrays, product.by_state(kernel), upstream, given.shape)
            by_kernel = product.by_kernel(kernel, after[:-1], by_pre[-1])
            by_bias = [tf.reduce_sum(tf.reshape(by_pre[-1], (-1, each.shape[0])), 0) for each in bias]
            return by_pre[0], by_kernel, *by_bias

        return tf.stack(ends[:1]) if only_last else after[1:], gradient

    return tf.custom_gradient(forward)(given, kernel, *bias)


def _backward(
    form: _Rows,
    step: Step,
    pre: Sequence[Any],
    before: Sequence[Any],
    to_state: Callable[[Any], Any],
    upstream: Any,
    shape: Any,
) -> list[Any]:
    """Return the gradients by the pre-activations, (time, batch, ..., gates·units) each.

    Args:
        form: how values of all time steps are read and written.
        step: computes the next states.
        pre: the pre-activations of all steps, or their two terms.
        before: the states before each step.
        to_state: takes the first state and a gradient by what it contributes; returns the one by the state.
        upstream: (time, batch, ..., units), the gradient by the first state after each step, or after the last one.
        shape: (time, batch, ..., gates·units).
    """
    (time, *inner), state = shape, upstream.shape[1:]
    arriving = None if upstream.shape[0] < time else form.given(upstream)

    def one(number: Any, deltas: Any, kept: Any) -> Any:
        t = time - 1 - number  # counted upwards: XLA then knows the number of rounds
        values = [form.read(each, t, inner) for each in pre], [form.read(each, t, state)[0] for each in before]
        with tf.GradientTape() as tape:
            tape.watch(values)
            after = step(*values)
        if arriving is not None:
            deltas = [deltas[0] + form.read(arriving, t, state)[0], *deltas[1:]]
        zero = tf.UnconnectedGradients.ZERO
        by_gates, earlier = tape.gradient(after, values, deltas, unconnected_gradients=zero)
        by_pre, earlier = [tf.concat(gates, -1) for gates in by_gates], list(earlier)
        earlier[0] += to_state(by_pre[-1])
        return number + 1, earlier, [form.write(each, t, value) for each, value in zip(kept, by_pre, strict=True)]

    zeros = [tf.zeros(state) for _ in before]
    deltas = [upstream[0], *zeros[1:]] if arriving is None else zeros
    empty = [form.new(time, inner) for _ in pre]
    *_, kept = tf.while_loop(lambda number, *_: number < time, one, (0, deltas, empty))
    return [form.stacked(each, inner) for each in kept]


def outputs_in_columns(layer: Any, step: Step, states: int, x: Any) -> Any:
    """Return the outputs, (time, batch, units), or the last one, of inputs, (batch, time, features).

    Samples are the last axis of the loop: a gate of a few units is one row of numbers.
    """
    cell, (batch, time, _) = layer.cell, x.shape
    # A product for each step: one product for all would have to be transposed, which takes longer.
    turned = tf.tile(tf.expand_dims(tf.transpose(tf.convert_to_tensor(cell.kernel)), 0), [time, 1, 1])
    given = tf.matmul(turned, tf.transpose(x, [1, 2, 0]))
    is_apart = isinstance(cell, keras.layers.GRUCell)
    biases = [tf.expand_dims(each, -1) for each in biases_of(cell)] if cell.use_bias else []
    if biases:
        given = given + biases[0]
    zeros = tf.zeros((given.shape[1], batch))
    of_state = [tf.reshape(zeros + biases[1] if biases else zeros, (-1,))] if is_apart else []
    begin = [tf.zeros(cell.units * batch)] * states
    kernel = tf.convert_to_tensor(cell.recurrent_kernel)
    only_last = not layer.return_sequences
    given = tf.reshape(given, (time, -1))
    outputs = scan_by_gates(step, given, kernel, of_state, begin, _Columns(batch), only_last=only_last)
    return tf.transpose(tf.reshape(outputs, (-1, cell.units, batch)), [0, 2, 1])
