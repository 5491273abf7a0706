"""Bounds of a layer's outputs, from the bounds of its inputs and from its activation.

They serve to check that the inputs of an embedding are indices of its rows.
"""

import math
from collections.abc import Sequence

from gradlab.vocabulary.activations import ActivationFunction, Linear, Relu
from gradlab.vocabulary.layers.activation import Activating
from gradlab.vocabulary.layers.convolution import Convolution
from gradlab.vocabulary.layers.dense import Dense
from gradlab.vocabulary.layers.layer import LayerSpec
from gradlab.vocabulary.layers.merging import Concatenate
from gradlab.vocabulary.layers.pooling import Flatten, GlobalPooling, Pooling, Reshape
from gradlab.vocabulary.layers.preprocessing import CategoryEncoding, Rescaling
from gradlab.vocabulary.layers.regularization import Dropout, GaussianNoise
from gradlab.vocabulary.layers.reshaping import IdentityLayer, Rearrangement, ZeroPadding
from gradlab.vocabulary.layers.wrapping import Masking

Range = tuple[float, float]

ANYTHING: Range = (-math.inf, math.inf)
# Layers whose outputs are inputs, or means of several inputs.
KEEPS_RANGE = (Flatten, Reshape, Pooling, GlobalPooling, IdentityLayer, Rearrangement)
# Ranges of activations' outputs for any input.
BOUNDED: dict[str, Range] = {
    "sigmoid": (0, 1),
    "hard_sigmoid": (0, 1),
    "sparse_sigmoid": (0, 1),
    "softmax": (0, 1),
    "sparsemax": (0, 1),
    "tanh": (-1, 1),
    "hard_tanh": (-1, 1),
    "softsign": (-1, 1),
    "relu6": (0, 6),
}


def merged_range(layer: LayerSpec, inputs: Sequence[Range]) -> Range:
    """Return the lowest and the highest possible output of a layer or a block for the ranges of its inputs.

    Sums have bounds, too, but they are not computed: no embedding stands behind one.
    """
    if isinstance(layer, Concatenate):
        return min(low for low, _ in inputs), max(high for _, high in inputs)
    return output_range(layer, inputs[0]) if len(inputs) == 1 else ANYTHING


def output_range(layer: LayerSpec, inputs: Range) -> Range:
    """Return the lowest and the highest possible output; infinite where there is no known bound.

    Args:
        layer: a layer that is no block.
        inputs: the lowest and the highest possible input.
    """
    if isinstance(layer, ZeroPadding | Masking):
        return min(inputs[0], 0), max(inputs[1], 0)
    if isinstance(layer, KEEPS_RANGE):
        return inputs
    if isinstance(layer, Rescaling):
        return _rescaled(layer, inputs)
    if isinstance(layer, CategoryEncoding) and layer.output_mode != "count":
        return 0, 1
    if isinstance(layer, Activating):
        return _of_activation(layer.function or Linear(), inputs)
    if isinstance(layer, Dense | Convolution):
        return _of_activation(layer.activation, ANYTHING)
    if isinstance(layer, Dropout):
        low, high = (edge / (1 - layer.rate) for edge in inputs)
        return (min(low, inputs[0]), max(high, inputs[1])) if layer.rate else inputs
    if isinstance(layer, GaussianNoise) and layer.stddev == 0:
        return inputs
    return ANYTHING


def _rescaled(layer: Rescaling, inputs: Range) -> Range:
    if layer.scale == 0:
        return layer.offset, layer.offset
    ends = [layer.scale * edge + layer.offset for edge in inputs]
    return min(ends), max(ends)


def _of_activation(function: ActivationFunction, inputs: Range) -> Range:
    if isinstance(function, Linear):
        return inputs
    if isinstance(function, Relu) and function.negative_slope == 0:
        return 0, min(max(inputs[1], 0), math.inf if function.max_value is None else function.max_value)
    return BOUNDED.get(function.kind, ANYTHING)
