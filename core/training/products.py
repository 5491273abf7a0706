"""Small matrix products as sums, which XLA fuses with their neighbours.

XLA makes a library call for every matrix product, of each seed. With layers of five units, the calls take several times
as long as the arithmetic. XLA computes along the last axis by vectors, and five units are fewer than a vector has. So
samples are the last axis here, and stay it from one such layer to the next.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from keras import ops

from core.training.network import BuiltLayer
from core.training.stack import LOGITS

# Attribute of an output: the same with samples along the last axis.
SAMPLES_LAST = "_samples_last"
# Up to so many weights of a dense layer, the sum is faster (measured: docs/lab-notes/engine.md, decision 115).
MAX_SUMMED = 100


def sum_small_products(layers: Iterable[BuiltLayer]) -> None:
    """Rewrite the small dense layers as sums; results differ in the last digits at most."""
    for layer in layers:
        if _is_small(layer):
            spec: Any = layer.named.spec
            layer.keras.call = partial(_dense, layer.keras, spec.activation.per_unit)


def _is_small(layer: BuiltLayer) -> bool:
    return layer.named.spec.kind == "dense" and layer.keras.kernel.shape[0] * layer.keras.kernel.shape[1] <= MAX_SUMMED


def _dense(layer: Any, per_unit: bool, inputs: Any, training: bool | None = None) -> Any:
    """Compute the same as `keras.layers.Dense.call`.

    Args:
        layer: Keras's.
        per_unit: True if each unit's activation depends on its own pre-activation only.
        inputs: (batch, ..., features).
        training: ignored, as `Dense` ignores it.

    Returns:
        (batch, ..., units).
    """
    axes = len(inputs.shape)
    last, first = [axes - 1, *range(axes - 1)], [*range(1, axes), 0]  # orders that move an axis to the front, and back
    ones = (1,) * (axes - 1)
    kernel = ops.reshape(layer.kernel, (*layer.kernel.shape, *ones))
    turned = getattr(inputs, SAMPLES_LAST, None)
    x = ops.sum(ops.expand_dims(ops.transpose(inputs, last) if turned is None else turned, 1) * kernel, axis=0)
    if layer.bias is not None:
        # Not by `ops.add`: it takes a vector of the size of another axis for a bias of channels.
        x = x + ops.reshape(layer.bias, (-1, *ones))
    if layer.activation is None:
        return ops.transpose(x, first)
    if not per_unit:
        return layer.activation(ops.transpose(x, first))
    activated = layer.activation(x)
    outputs = ops.transpose(activated, first)
    setattr(outputs, SAMPLES_LAST, activated)
    if hasattr(activated, LOGITS):
        setattr(outputs, LOGITS, ops.transpose(getattr(activated, LOGITS), first))
    return outputs
