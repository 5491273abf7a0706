"""Small matrix products as sums, which XLA fuses with their neighbours.

XLA makes a library call for every matrix product, of each seed. With layers of five units, the calls take several times
as long as the arithmetic.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from keras import ops

from core.training.network import BuiltLayer

# Up to so many weights of a dense layer, the sum is faster (measured: docs/lab-notes/engine.md).
MAX_SUMMED = 100


def sum_small_products(layers: Iterable[BuiltLayer]) -> None:
    """Rewrite the small dense layers as sums; results differ in the last digits at most."""
    for layer in layers:
        if _is_small(layer):
            layer.keras.call = partial(_dense, layer.keras)


def _is_small(layer: BuiltLayer) -> bool:
    return layer.named.spec.kind == "dense" and layer.keras.kernel.shape[0] * layer.keras.kernel.shape[1] <= MAX_SUMMED


def _dense(layer: Any, inputs: Any, training: bool | None = None) -> Any:
    """Compute the same as `keras.layers.Dense.call`."""
    axes = len(inputs.shape)
    kernel = ops.reshape(layer.kernel, (1,) * (axes - 1) + tuple(layer.kernel.shape))
    x = ops.sum(ops.expand_dims(inputs, axes) * kernel, axis=axes - 1)
    if layer.bias is not None:
        x = ops.add(x, layer.bias)
    return x if layer.activation is None else layer.activation(x)
