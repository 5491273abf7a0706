"""Small products of matrices as sums, which XLA fuses with what stands around them.

XLA hands every product of matrices to a library by a call of its own, for each of the seeds side by side: with layers
of five units the calls cost several times what they compute.
"""

from functools import partial
from typing import Any

from keras import ops

from core.training.network import BuiltLayer, Network

# In dense layers with up to so many weights the sum is the faster one (docs/lab-notes.md has the measurement).
MAX_SUMMED = 100


def sum_small_products(network: Network) -> None:
    """Let the small dense layers of a network multiply by sums from now on; results differ in last digits at most."""
    for layer in network.layers:
        if _is_small(layer):
            layer.keras.call = partial(_dense, layer.keras)


def _is_small(layer: BuiltLayer) -> bool:
    return layer.named.spec.kind == "dense" and layer.keras.kernel.shape[0] * layer.keras.kernel.shape[1] <= MAX_SUMMED


def _dense(layer: Any, inputs: Any, training: bool | None = None) -> Any:
    """What `keras.layers.Dense.call` computes."""
    axes = len(inputs.shape)
    kernel = ops.reshape(layer.kernel, (1,) * (axes - 1) + tuple(layer.kernel.shape))
    x = ops.sum(ops.expand_dims(inputs, axes) * kernel, axis=axes - 1)
    if layer.bias is not None:
        x = ops.add(x, layer.bias)
    return x if layer.activation is None else layer.activation(x)
