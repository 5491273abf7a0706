"""Suitable initialisers for each activation.

A layer keeps the size of its signals if n·Var(W) compensates the loss in the activation. That takes 1 for tanh and
similar ones (Glorot & Bengio 2010), 2 for relu and similar ones, which lose half (He et al. 2015), and 1 by the inputs
alone for selu (Klambauer et al. 2017). The mean must be 0: weights of one sign make copies of a layer's units.
"""

import math

from gradlab.vocabulary.activations import ActivationFunction, Selu
from gradlab.vocabulary.initializers import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    VarianceScaling,
    WeightInitializer,
    Zeros,
)
from gradlab.vocabulary.layers.recurrent import Recurrent
from gradlab.vocabulary.layers.weighted import WeightedLayer

# Activations that are practically zero on one side and linear on the other.
RECTIFIERS = (
    "relu", "leaky_relu", "relu6", "elu", "celu", "gelu", "silu", "hard_silu", "mish", "softplus", "sparse_plus",
    "squareplus",
)  # fmt: skip

# Activations that are nearly linear around zero, and have outputs of mean 0 for inputs of mean 0.
CENTRED = ("linear", "tanh", "hard_tanh", "softsign", "selu")


def initializer_for(activation: ActivationFunction) -> WeightInitializer:
    """Return the suitable initialiser for a kernel before `activation`."""
    if isinstance(activation, Selu):
        return LecunNormal()
    return HeUniform() if activation.kind in RECTIFIERS else GlorotUniform()


def suits(initializer: WeightInitializer, activation: ActivationFunction) -> bool:
    """True if the initialiser draws with mean 0 and the variance that `activation` needs."""
    if isinstance(activation, Selu):
        return isinstance(initializer, LecunNormal | LecunUniform) or _has(initializer, 1.0, "fan_in")
    if activation.kind in RECTIFIERS:
        return isinstance(initializer, HeNormal | HeUniform) or _has(initializer, 2.0, "fan_in")
    return isinstance(initializer, GlorotNormal | GlorotUniform) or _has(initializer, 1.0, "fan_avg")


def _has(initializer: WeightInitializer, variance: float, mode: str) -> bool:
    """True if orthogonal matrices or variance scaling have an n·Var(W) of `variance`."""
    if isinstance(initializer, Orthogonal):
        return math.isclose(initializer.gain**2, variance, rel_tol=0.1)
    return isinstance(initializer, VarianceScaling) and (initializer.scale, initializer.mode) == (variance, mode)


def with_suited_initializers(layer: WeightedLayer, activation: ActivationFunction) -> WeightedLayer:
    """Return the layer with a suitable kernel initialiser, an orthogonal recurrent kernel, and biases of zero.

    Initialisers that suit already stay.
    """
    drawn: dict[str, WeightInitializer] = {}
    if not suits(layer.kernel_initializer, activation):
        drawn["kernel_initializer"] = initializer_for(activation)
    if layer.use_bias and not isinstance(layer.bias_initializer, Zeros):
        drawn["bias_initializer"] = Zeros()
    if isinstance(layer, Recurrent) and not is_orthogonal(layer.recurrent_initializer):
        drawn["recurrent_initializer"] = Orthogonal()
    return layer.model_copy(update=drawn)


def is_orthogonal(initializer: WeightInitializer) -> bool:
    """True if a square kernel of this initialiser keeps the length of every vector."""
    return isinstance(initializer, Orthogonal | Identity) and initializer.gain == 1
