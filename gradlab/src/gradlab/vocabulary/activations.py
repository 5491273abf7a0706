"""Registry of the activations of `keras.activations`, with their formulas and Keras's parameter names.

Formulas and defaults: Keras 3, https://keras.io/api/layers/activations/. `glu` is left out: it halves the units.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from pydantic import Field

from gradlab.frozen import Frozen, one_of

Slope = Field(default=0.0, ge=0, le=100)
Scale = Field(default=1.0, gt=0, le=1e6)
Threshold = Field(default=0.5, gt=0, le=1e6)


class ActivationFunction(Frozen):
    """An activation function, from a pre-activation to an activation."""

    kind: str
    largest_slope: ClassVar[float | None] = 1.0
    per_unit: ClassVar[bool] = True
    """True if each unit's output depends on its own pre-activation only."""

    @property
    def steepest(self) -> float | None:
        """The largest |derivative|, apart from jumps; None if there is no maximum."""
        return self.largest_slope

    def build(self, keras: Any) -> Callable[[Any], Any]:
        """Build the Keras function, with the parameters bound that are not Keras's defaults."""
        parameters = self.model_dump(exclude={"kind"}, exclude_defaults=True)
        if parameters:
            return _with_parameters(keras, self.kind)(**parameters)
        return cast(Callable[[Any], Any], getattr(keras.activations, self.kind))


class WithParameters:
    """A Keras activation with its parameters bound, which Keras can copy together with a layer."""

    function: ClassVar[Callable[..., Any]]

    def __init__(self, **parameters: Any) -> None:
        self.parameters = parameters

    def __call__(self, x: Any) -> Any:
        return type(self).function(x, **self.parameters)

    def get_config(self) -> dict[str, Any]:
        return self.parameters

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "WithParameters":
        return cls(**config)


@cache
def _with_parameters(keras: Any, kind: str) -> type[WithParameters]:
    """Return the class of one kind. There is one for each kind, because Keras keeps every registered class."""
    made = type(kind, (WithParameters,), {"function": staticmethod(getattr(keras.activations, kind))})
    return cast(type[WithParameters], keras.saving.register_keras_serializable("gradient_lab", kind)(made))


class Linear(ActivationFunction):
    """x: no activation at all."""

    kind: Literal["linear"] = "linear"


class Relu(ActivationFunction):
    """max(x, 0), with optional parameters: a slope below a threshold, and a maximum."""

    kind: Literal["relu"] = "relu"
    negative_slope: float = Slope
    """Slope for values below the threshold."""
    max_value: float | None = Field(default=None, gt=0, le=1e6)
    """Maximum of the output; none by default."""
    threshold: float = Field(default=0.0, ge=0, le=1e6)
    """The input below which the output is negative_slope·(x − threshold)."""

    @property
    def steepest(self) -> float:
        return max(1.0, self.negative_slope)


class LeakyRelu(ActivationFunction):
    """x if x > 0, else negative_slope·x: a relu whose units cannot die."""

    kind: Literal["leaky_relu"] = "leaky_relu"
    negative_slope: float = Field(default=0.2, ge=0, le=100)
    """Slope below zero."""

    @property
    def steepest(self) -> float:
        return max(1.0, self.negative_slope)


class Relu6(ActivationFunction):
    """min(max(x, 0), 6)."""

    kind: Literal["relu6"] = "relu6"


class Elu(ActivationFunction):
    """x if x > 0, else alpha·(eˣ − 1)."""

    kind: Literal["elu"] = "elu"
    alpha: float = Scale
    """The output approaches −alpha for very negative inputs."""

    @property
    def steepest(self) -> float:
        return max(1.0, self.alpha)


class Selu(ActivationFunction):
    """scale·elu(x, alpha), with constants that keep activations at mean 0 and variance 1 (Klambauer et al. 2017)."""

    kind: Literal["selu"] = "selu"
    largest_slope = 1.0507009873554805 * 1.6732632423543772  # just below 0


class Celu(ActivationFunction):
    """max(0, x) + min(0, alpha·(exp(x/alpha) − 1))."""

    kind: Literal["celu"] = "celu"
    alpha: float = Scale
    """The output approaches −alpha for very negative inputs."""


class Gelu(ActivationFunction):
    """x·P(X ≤ x) for a standard normal X."""

    kind: Literal["gelu"] = "gelu"
    largest_slope = 1.1290  # at √2: 1.12890, or 1.12899 with the approximation
    approximate: bool = False
    """Use the tanh approximation."""


class Silu(ActivationFunction):
    """x·sigmoid(x), also called swish."""

    kind: Literal["silu"] = "silu"
    largest_slope = 1.0998


class Mish(ActivationFunction):
    """x·tanh(softplus(x))."""

    kind: Literal["mish"] = "mish"
    largest_slope = 1.0885


class Tanh(ActivationFunction):
    """tanh(x), range (−1, 1), slope at most 1."""

    kind: Literal["tanh"] = "tanh"


class Sigmoid(ActivationFunction):
    """1/(1 + e⁻ˣ), range (0, 1), slope at most 1/4."""

    kind: Literal["sigmoid"] = "sigmoid"
    largest_slope = 0.25


class HardSigmoid(ActivationFunction):
    """Piecewise-linear sigmoid: min(max(x/6 + 1/2, 0), 1)."""

    kind: Literal["hard_sigmoid"] = "hard_sigmoid"
    largest_slope = 1 / 6


class HardSilu(ActivationFunction):
    """x·hard_sigmoid(x)."""

    kind: Literal["hard_silu"] = "hard_silu"
    largest_slope = 1.5


class HardTanh(ActivationFunction):
    """min(max(x, −1), 1)."""

    kind: Literal["hard_tanh"] = "hard_tanh"


class LogSigmoid(ActivationFunction):
    """log(sigmoid(x)), range (−∞, 0)."""

    kind: Literal["log_sigmoid"] = "log_sigmoid"


class SparseSigmoid(ActivationFunction):
    """0 for x ≤ −1, 1 for x ≥ 1, (x + 1)/2 between."""

    kind: Literal["sparse_sigmoid"] = "sparse_sigmoid"
    largest_slope = 0.5


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
    """Smoothness at 0: with a larger b, the curve is rounder."""


class Softsign(ActivationFunction):
    """x/(1 + |x|), range (−1, 1)."""

    kind: Literal["softsign"] = "softsign"


class Exponential(ActivationFunction):
    """eˣ."""

    kind: Literal["exponential"] = "exponential"
    largest_slope = None


class SoftShrink(ActivationFunction):
    """x moved towards 0 by the threshold; 0 if |x| is at most the threshold."""

    kind: Literal["soft_shrink"] = "soft_shrink"
    threshold: float = Threshold
    """The |x| up to which the output is 0."""


class HardShrink(ActivationFunction):
    """x if |x| is above the threshold, else 0."""

    kind: Literal["hard_shrink"] = "hard_shrink"
    threshold: float = Threshold
    """The |x| up to which the output is 0."""


class TanhShrink(ActivationFunction):
    """x − tanh(x)."""

    kind: Literal["tanh_shrink"] = "tanh_shrink"


class ThresholdFunction(ActivationFunction):
    """x if x > threshold, else default_value."""

    kind: Literal["threshold"] = "threshold"
    threshold: float = Field(ge=-1e6, le=1e6)
    """The input above which the output is x."""
    default_value: float = Field(ge=-1e6, le=1e6)
    """The output up to the threshold."""


class Softmax(ActivationFunction):
    """eˣⁱ/Σⱼeˣʲ over the units: a probability per class."""

    kind: Literal["softmax"] = "softmax"
    largest_slope = None
    per_unit = False


class LogSoftmax(ActivationFunction):
    """log(softmax(x)) over the units."""

    kind: Literal["log_softmax"] = "log_softmax"
    largest_slope = None
    per_unit = False


class Sparsemax(ActivationFunction):
    """The projection onto the probability simplex (Martins & Astudillo 2016): a sparse softmax."""

    kind: Literal["sparsemax"] = "sparsemax"
    largest_slope = None
    per_unit = False


ACTIVATIONS: tuple[type[ActivationFunction], ...] = (
    Linear, Relu, LeakyRelu, Relu6, Elu, Selu, Celu, Gelu, Silu, Mish, Tanh, Sigmoid, HardSigmoid, HardSilu,
    HardTanh, LogSigmoid, SparseSigmoid, Softplus, SparsePlus, Squareplus, Softsign, Exponential, SoftShrink,
    HardShrink, TanhShrink, ThresholdFunction, Softmax, LogSoftmax, Sparsemax,
)  # fmt: skip

if TYPE_CHECKING:
    Activation = ActivationFunction
else:
    Activation = one_of(ACTIVATIONS)
