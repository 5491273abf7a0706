"""Whole numbers as vectors, in operations that XLA compiles: it rejects the count of bins that Keras's layer makes."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import tensorflow as tf

from core.training.network import BuiltLayer


def encode_by_comparison(layers: Iterable[BuiltLayer]) -> None:
    """Rewrite the layers that encode whole numbers as vectors; results are the same."""
    for layer in layers:
        if layer.named.spec.kind == "category_encoding" and layer.keras.output_mode != "one_hot":
            layer.keras.call = partial(_call, layer.keras)


def _call(layer: Any, inputs: Any) -> Any:
    """Compute the same as the call of Keras's layer: (batch, tokens) -> (batch, num_tokens)."""
    each = tf.one_hot(tf.cast(inputs, tf.int32), layer.num_tokens)
    return tf.reduce_sum(each, axis=1) if layer.output_mode == "count" else tf.reduce_max(each, axis=1)
