"""Slopes of a layer's activation: which activations saturate, and which turn units off."""

from gradlab.spec import NamedLayer
from gradlab.vocabulary.activations import ActivationFunction

# Activations that turn units off. Their inactive share is not saturation.
RELU_LIKE = ("relu", "relu6")


def activation_of(layer: NamedLayer) -> ActivationFunction | None:
    """Return a layer's activation function, for a simple recurrent layer that of each time step.

    None for layers without one and for layers with gates: each gate has its own, and saturates for good reason.
    """
    spec = getattr(layer.spec, "layer", layer.spec)  # a bidirectional layer is two of one kind
    return getattr(spec, "activation") if spec.kind == "simple_rnn" else layer.spec.function  # noqa: B009


def can_saturate(function: ActivationFunction | None) -> bool:
    """True if an activation has a largest slope, acts on each unit by itself, and is not a relu."""
    if function is None or not function.per_unit or function.kind in (*RELU_LIKE, "linear"):
        return False
    return function.steepest is not None


def turns_off(function: ActivationFunction | None) -> bool:
    """True if units can be off for every sample: a relu without a slope below zero."""
    return function is not None and function.kind in RELU_LIKE and not getattr(function, "negative_slope", 0.0)


def steepest_of(function: ActivationFunction | None) -> float:
    """Return the largest slope of an activation; 1 without one."""
    return 1.0 if function is None or function.steepest is None else function.steepest
