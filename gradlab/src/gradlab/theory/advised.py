"""Moments of kernels that the literature advises, and those of the same spread around a mean of 0."""

from gradlab.theory.weights import Moments, Shape, fans, moments
from gradlab.vocabulary.activations import ActivationFunction
from gradlab.vocabulary.initializers import WeightInitializer

# Activations that halve the mean square of their inputs, for which He et al. 2015 advise a variance of 2/fan_in. The
# others: LeCun et al. 1998 for selu, Glorot & Bengio 2010 for the rest.
HALVING = ("relu", "relu6", "leaky_relu", "elu", "celu", "gelu", "silu", "mish", "softplus", "hard_silu", "squareplus")


def reference(activation: ActivationFunction, shape: Shape) -> float:
    """Return the variance that the literature advises for the entries of a kernel before this activation."""
    fan_in, fan_out = fans(shape)
    if activation.kind in HALVING:
        return 2 / fan_in
    return 1 / fan_in if activation.kind == "selu" else 2 / (fan_in + fan_out)


def by_reference(_: WeightInitializer, shape: Shape, activation: ActivationFunction) -> Moments:
    """Return the moments that the literature advises for a kernel."""
    return Moments(0.0, reference(activation, shape))


def around_zero(initializer: WeightInitializer, shape: Shape, _: ActivationFunction) -> Moments:
    """Return the moments of a kernel with its mean set to 0."""
    return Moments(0.0, moments(initializer, shape).variance)
