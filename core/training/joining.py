"""Large concatenations along the last axis, written along the first.

XLA writes a concatenation along the last axis number by number, and asks at each to which input it belongs: for two
million numbers 1.6 times as long as a plain graph takes. Along the first axis each input is one piece of memory.
"""

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import tensorflow as tf

from core.training.network import BuiltLayer

# Numbers of a sample's output from which on two transpositions pay.
MIN_NUMBERS = 65_536


def join_large(layers: Iterable[BuiltLayer]) -> None:
    """Rewrite large concatenations along the last axis; results are the same."""
    for layer in layers:
        shape = layer.named.output_shape
        is_large = layer.named.spec.kind == "concatenate" and math.prod(shape) >= MIN_NUMBERS
        if is_large and layer.keras.axis in (-1, len(shape)):
            layer.keras.call = partial(join, shape)


def join(shape: Sequence[int], inputs: Sequence[Any]) -> Any:
    """Join inputs, (batch, ..., size) each, to (batch, *shape)."""
    columns = [tf.transpose(tf.reshape(each, (-1, each.shape[-1]))) for each in inputs]
    return tf.reshape(tf.transpose(tf.concat(columns, 0)), (-1, *shape))
