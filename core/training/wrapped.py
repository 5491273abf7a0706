"""Layers that hold others, in forms for XLA: a layer at all time steps at once, and cells that convolve."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from core.training.convolutions import convolve
from core.training.network import BuiltLayer
from core.training.sliding import Axis, axes_of
from core.training.time_loops import STEPS, replace_loop, scan, time_first
from gradlab.vocabulary.layers.wrapping import ConvLSTM, TimeDistributed


def held_layers(layers: Iterable[BuiltLayer]) -> Iterator[BuiltLayer]:
    """Yield the layers inside those that apply one at each time step, with the shapes of one step."""
    for layer in layers:
        spec, named = layer.named.spec, layer.named
        if isinstance(spec, TimeDistributed):
            inside = replace(
                named, spec=spec.layer, input_shape=named.input_shape[1:], output_shape=named.output_shape[1:]
            )
            yield BuiltLayer(inside, layer.keras.layer)


def rewrite_wrapped(layers: Iterable[BuiltLayer]) -> None:
    """Rewrite the layers that hold others; results differ in the last digits at most."""
    for layer in layers:
        spec = layer.named.spec
        # Keras draws the noise of each step by itself.
        if isinstance(spec, TimeDistributed) and not spec.layer.state_size(layer.named.input_shape[1:]):
            layer.keras.call = partial(_at_once, layer.keras, layer.keras.call)
        if isinstance(spec, ConvLSTM):
            _rewrite_convolutions_over_time(layer)


def _at_once(layer: Any, one_by_one: Any, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
    """Call the layer inside with all time steps as samples; a mask is passed step by step, as Keras does it."""
    if mask is not None and layer.layer._call_has_mask_arg:
        return one_by_one(inputs, training=training, mask=mask)
    samples = tf.reshape(inputs, (-1, *inputs.shape[2:]))
    options = {"training": training} if layer.layer._call_has_training_arg else {}
    outputs = layer.layer.call(samples, **options)
    return tf.reshape(outputs, (-1, inputs.shape[1], *outputs.shape[1:]))


def _rewrite_convolutions_over_time(layer: BuiltLayer) -> None:
    """Convolve the inputs of all time steps before a loop of ours, and write Keras's for the sequences that keep it."""
    cell, sizes = layer.keras.cell, layer.named.input_shape[1:-1]
    into = axes_of(sizes, cell.kernel_size, cell.strides, cell.padding, cell.dilation_rate)
    back = tuple(Axis(axis.places, axis.kernel, padding="same") for axis in into)

    def input_conv(x: Any, w: Any, b: Any = None, padding: str = "valid") -> Any:
        made = convolve(x, w, into)
        return made if b is None else made + b

    def run(sequences: Any, training: bool) -> Any:
        given = _convolved_inputs(cell, time_first(sequences), into, training)
        step, kernel = partial(STEPS[keras.layers.LSTM], cell), tf.convert_to_tensor(cell.recurrent_kernel)
        states, only_last = cell.get_initial_state(given.shape[1]), not layer.keras.return_sequences
        return scan(step, given, kernel, [], states, cell.recurrent_conv, only_last=only_last)[0]

    cell.input_conv = input_conv
    cell.recurrent_conv = lambda x, w: convolve(x, w, back)
    replace_loop(layer.keras, run)


def _convolved_inputs(cell: Any, x: Any, axes: Sequence[Axis], training: bool) -> Any:
    """Return what inputs, (time, batch, ...), contribute to the pre-activations: (time, batch, *places, 4·filters)."""
    kernel = tf.convert_to_tensor(cell.kernel)
    ways = [(x, kernel)]
    if training and cell.dropout:  # each gate drops others
        masks = cell.get_dropout_mask(x[0])
        ways = [(x * mask, part) for mask, part in zip(masks, tf.split(kernel, len(masks), -1), strict=True)]
    made = tf.concat([convolve(tf.reshape(each, (-1, *x.shape[2:])), part, axes) for each, part in ways], -1)
    if cell.use_bias:
        made += cell.bias
    return tf.reshape(made, (*x.shape[:2], *made.shape[1:]))
