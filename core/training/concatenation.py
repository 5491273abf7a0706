"""Concatenation of whole pieces, which XLA compiles once.

TensorFlow's concatenation takes its axis as a tensor. Inside `tf.vectorized_map` XLA then treats the values around it
as constants, the order of the samples included, and compiles a training again at every call: 0.9 s instead of 1 ms.
"""

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import tensorflow as tf

from core.training.network import BuiltLayer


def concatenate_by_stacking(layers: Iterable[BuiltLayer]) -> None:
    """Rewrite the layers that concatenate their inputs; results are the same."""
    for layer in layers:
        if layer.named.spec.kind == "concatenate":
            layer.keras.call = partial(_call, layer.keras.axis)


def _call(axis: int, xs: Sequence[Any]) -> Any:
    """Compute the same as the call of Keras's layer: cut the inputs into pieces of one size, and stack these."""
    place = axis % len(xs[0].shape)
    sizes = [x.shape[place] for x in xs]
    piece = math.gcd(*sizes)
    before, after = [-1, *xs[0].shape[1:place]], xs[0].shape[place + 1 :]
    pieces = [
        each
        for x, size in zip(xs, sizes, strict=True)
        for each in tf.unstack(tf.reshape(x, [*before, size // piece, piece, *after]), axis=place)
    ]
    return tf.reshape(tf.stack(pieces, axis=place), [*before, sum(sizes), *after])
