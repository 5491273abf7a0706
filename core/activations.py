"""Shelf: the activations of `keras.activations`, with its formula and its parameters under Keras's names.

Formulas and defaults: Keras 3, https://keras.io/api/layers/activations/. Left out is
`glu`, which halves the number of units: Keras's own layers infer their shapes as if no activation did.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from pydantic import Field

from core.frozen import Frozen, one_of

Slope = Field(default=0.0, ge=0, le=100)
Scale = Field(default=1.0, gt=0, le=1e6)
Threshold = Field(default=0.5, gt=0, le=1e6)


class ActivationFunction(Frozen):
    """What turns a pre-activation into an activation."""

    kind: str

    def build(self, keras: Any) -> Callable[[Any], Any]:
        """The Keras function, its parameters bound."""
        function = getattr(keras.activations, self.kind)
        parameters = self.model_dump(exclude={"kind"})
        return partial(function, **parameters) if parameters else function


class Linear(ActivationFunction):
    """x: no activation at all."""

    kind: Literal["linear"] = "linear"


class Relu(ActivationFunction):
    """max(x, 0); with its parameters: slope below the threshold, a ceiling above."""

    kind: Literal["relu"] = "relu"
    negative_slope: float = Slope
    """Slope for values below the threshold."""
    max_value: float | None = Field(default=None, gt=0, le=1e6)
    """Largest value that comes out; none by default."""
    threshold: float = Field(default=0.0, ge=0, le=1e6)
    """Values below it are damped or zeroed."""


class LeakyRelu(ActivationFunction):
    """x where x > 0, else negative_slope·x: a relu whose units cannot die."""

    kind: Literal["leaky_relu"] = "leaky_relu"
    negative_slope: float = Field(default=0.2, ge=0, le=100)
    """Slope below zero."""


class Relu6(ActivationFunction):
    """min(max(x, 0), 6)."""

    kind: Literal["relu6"] = "relu6"


class Elu(ActivationFunction):
    """x where x > 0, else alpha·(eˣ − 1)."""

    kind: Literal["elu"] = "elu"
    alpha: float = Scale
    """Minus the value approached for very negative inputs."""


class Selu(ActivationFunction):
    """scale·elu(x, alpha) with the two constants that keep mean 0 and variance 1 (Klambauer et al. 2017)."""

    kind: Literal["selu"] = "selu"


class Celu(ActivationFunction):
    """max(0, x) + min(0, alpha·(exp(x/alpha) − 1))."""

    kind: Literal["celu"] = "celu"
    alpha: float = Scale
    """Minus the value approached for very negative inputs."""


class Gelu(ActivationFunction):
    """x·P(X ≤ x) for a standard normal X."""

    kind: Literal["gelu"] = "gelu"
    approximate: bool = False
    """Use the tanh approximation."""


class Silu(ActivationFunction):
    """x·sigmoid(x), also called swish."""

    kind: Literal["silu"] = "silu"


class Mish(ActivationFunction):
    """x·tanh(softplus(x))."""

    kind: Literal["mish"] = "mish"


class Tanh(ActivationFunction):
    """tanh(x), range (−1, 1), slope at most 1."""

    kind: Literal["tanh"] = "tanh"


class Sigmoid(ActivationFunction):
    """1/(1 + e⁻ˣ), range (0, 1), slope at most 1/4."""

    kind: Literal["sigmoid"] = "sigmoid"


class HardSigmoid(ActivationFunction):
    """Piecewise-linear sigmoid: min(max(x/6 + 1/2, 0), 1)."""

    kind: Literal["hard_sigmoid"] = "hard_sigmoid"


class HardSilu(ActivationFunction):
    """x·hard_sigmoid(x)."""

    kind: Literal["hard_silu"] = "hard_silu"


class HardTanh(ActivationFunction):
    """min(max(x, −1), 1)."""

    kind: Literal["hard_tanh"] = "hard_tanh"


class LogSigmoid(ActivationFunction):
    """log(sigmoid(x)), range (−∞, 0)."""

    kind: Literal["log_sigmoid"] = "log_sigmoid"


class SparseSigmoid(ActivationFunction):
    """0 for x ≤ −1, 1 for x ≥ 1, (x + 1)/2 between."""

    kind: Literal["sparse_sigmoid"] = "sparse_sigmoid"


class Softplus(ActivationFunction):
    """log(1 + eˣ)."""

    kind: Literal["softplus"] = "softplus"


class SparsePlus(ActivationFunction):
    """0 for x ≤ −1, x for x ≥ 1, (x + 1)²/4 between."""

    kind: Literal["sparse_plus"] = "sparse_plus"


class Squareplus(ActivationFunction):
    """(x + √(x² + b))/2."""

    kind: Literal["squareplus"] = "squareplus"
    b: float = Field(default=4.0, gt=0, le=1e6)
    """Smoothness."""


class Softsign(ActivationFunction):
    """x/(1 + |x|), range (−1, 1)."""

    kind: Literal["softsign"] = "softsign"


class Exponential(ActivationFunction):
    """eˣ."""

    kind: Literal["exponential"] = "exponential"


class SoftShrink(ActivationFunction):
    """x moved towards zero by the threshold, 0 inside it."""

    kind: Literal["soft_shrink"] = "soft_shrink"
    threshold: float = Threshold
    """Half-width of the zero zone."""


class HardShrink(ActivationFunction):
    """x outside the threshold, 0 inside it."""

    kind: Literal["hard_shrink"] = "hard_shrink"
    threshold: float = Threshold
    """Half-width of the zero zone."""


class TanhShrink(ActivationFunction):
    """x − tanh(x)."""

    kind: Literal["tanh_shrink"] = "tanh_shrink"


class ThresholdFunction(ActivationFunction):
    """x where x > threshold, else default_value."""

    kind: Literal["threshold"] = "threshold"
    threshold: float = Field(ge=-1e6, le=1e6)
    """Where the function switches."""
    default_value: float = Field(ge=-1e6, le=1e6)
    """What comes out below it."""


class Softmax(ActivationFunction):
    """eˣⁱ/Σⱼeˣʲ over the units: a probability per class."""

    kind: Literal["softmax"] = "softmax"


class LogSoftmax(ActivationFunction):
    """log(softmax(x)) over the units."""

    kind: Literal["log_softmax"] = "log_softmax"


class Sparsemax(ActivationFunction):
    """The projection onto the probability simplex (Martins & Astudillo 2016): a sparse softmax."""

    kind: Literal["sparsemax"] = "sparsemax"


ACTIVATIONS: tuple[type[ActivationFunction], ...] = (
    Linear, Relu, LeakyRelu, Relu6, Elu, Selu, Celu, Gelu, Silu, Mish, Tanh, Sigmoid, HardSigmoid, HardSilu,
    HardTanh, LogSigmoid, SparseSigmoid, Softplus, SparsePlus, Squareplus, Softsign, Exponential, SoftShrink,
    HardShrink, TanhShrink, ThresholdFunction, Softmax, LogSoftmax, Sparsemax,
)  # fmt: skip

Activation = one_of(ACTIVATIONS)
