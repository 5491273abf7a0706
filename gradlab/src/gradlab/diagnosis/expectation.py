"""Predictions of theory for an experiment before its first update, computed once for all its seeds."""

import math
from functools import lru_cache

import numpy as np

from gradlab.diagnosis.evidence import slopes_down, steepest
from gradlab.diagnosis.theory import Moments, Prediction, born_dead_chance, hidden_relus, moments, predict
from gradlab.diagnosis.theory.weights import Shape, fans
from gradlab.facts.facts import facts
from gradlab.spec import ExperimentSpec
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


@lru_cache(maxsize=64)
def expected(spec: ExperimentSpec) -> Prediction | None:
    """Predict the hidden layers at epoch 0; None where theory does not cover the network.

    It is None with pre-training, too: the weights of epoch 0 are then no longer those that the initialisers drew.
    """
    return None if spec.training.pretraining else predict(spec, facts(spec).probe)


@lru_cache(maxsize=64)
def expected_around_zero(spec: ExperimentSpec) -> Prediction | None:
    """Predict the hidden layers with the same variances around a mean of 0."""
    return predict(spec, facts(spec).probe, around_zero)


@lru_cache(maxsize=64)
def expected_with_reference(spec: ExperimentSpec) -> Prediction | None:
    """Predict the hidden layers with the initialisers that the literature advises."""
    return predict(spec, facts(spec).probe, by_reference)


@lru_cache(maxsize=64)
def born_dead(spec: ExperimentSpec) -> float:
    """The share in [0, 1] of networks of this spec that are born dead; NaN for networks that are not covered."""
    layers, x = hidden_relus(spec), facts(spec).probe
    if not layers or spec.training.pretraining or not len(x):
        return float("nan")
    return born_dead_chance(layers, np.reshape(x, (len(x), -1)))


def signal_change(prediction: Prediction) -> float:
    """The factor, 1 or more, by which signals grow or shrink: the larger one of forward and backward pass."""
    first, last = prediction.layers[0].second_moment, prediction.layers[-1].second_moment
    forward = math.sqrt(last / first) if first > 0 else math.inf
    return max(_either_way(prediction.arriving), _either_way(forward))


def least_slope(spec: ExperimentSpec, prediction: Prediction) -> float:
    """The smallest mean slope of a hidden activation that can saturate, as a share of its steepest; 1 without one."""
    layers = {layer.name: layer for layer in spec.layers if slopes_down(layer)}
    slopes = (each.slope / steepest(layers[each.layer]) for each in prediction.layers if each.layer in layers)
    return min(slopes, default=1.0)


def _either_way(factor: float) -> float:
    """A factor or its inverse, whichever is larger; infinity for NaN and 0."""
    return math.inf if math.isnan(factor) or factor <= 0 else max(factor, 1 / factor)
