"""What theory expects of an experiment before its first update, worked out once for all its seeds."""

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

# The variance that keeps signals at their size, times the number of units: He et al. 2015 for what halves the mean
# square of its inputs, LeCun et al. 1998 for selu, Glorot & Bengio 2010 for the rest.
HALVING = ("relu", "relu6", "leaky_relu", "elu", "celu", "gelu", "silu", "mish", "softplus", "hard_silu", "squareplus")


def reference(activation: ActivationFunction, shape: Shape) -> float:
    """The variance of a kernel's entries that the literature advises before this activation."""
    fan_in, fan_out = fans(shape)
    if activation.kind in HALVING:
        return 2 / fan_in
    return 1 / fan_in if activation.kind == "selu" else 2 / (fan_in + fan_out)


def by_reference(_: WeightInitializer, shape: Shape, activation: ActivationFunction) -> Moments:
    """The moments that the literature advises for a kernel."""
    return Moments(0.0, reference(activation, shape))


def around_zero(initializer: WeightInitializer, shape: Shape, _: ActivationFunction) -> Moments:
    """The moments that a kernel would have if its mean were 0."""
    return Moments(0.0, moments(initializer, shape).variance)


@lru_cache(maxsize=64)
def expected(spec: ExperimentSpec) -> Prediction | None:
    """What is expected of the hidden layers; None where theory does not cover the network.

    After pre-training epoch 0 is no longer what the initialisers drew.
    """
    return None if spec.training.pretraining else predict(spec, facts(spec).probe)


@lru_cache(maxsize=64)
def expected_around_zero(spec: ExperimentSpec) -> Prediction | None:
    """What would be expected of the same variances around a mean of 0."""
    return predict(spec, facts(spec).probe, around_zero)


@lru_cache(maxsize=64)
def expected_with_reference(spec: ExperimentSpec) -> Prediction | None:
    """What would be expected with the initialisers that the literature advises."""
    return predict(spec, facts(spec).probe, by_reference)


@lru_cache(maxsize=64)
def born_dead(spec: ExperimentSpec) -> float:
    """The share of networks, drawn as the spec says, that are born dead; NaN where that is not worked out."""
    layers, x = hidden_relus(spec), facts(spec).probe
    if not layers or spec.training.pretraining or not len(x):
        return float("nan")
    return born_dead_chance(layers, np.reshape(x, (len(x), -1)))


def signal_change(prediction: Prediction) -> float:
    """By which factor signals grow or shrink through the network, the larger of the way forward and the way back."""
    first, last = prediction.layers[0].second_moment, prediction.layers[-1].second_moment
    forward = math.sqrt(last / first) if first > 0 else math.inf
    return max(_either_way(prediction.arriving), _either_way(forward))


def least_slope(spec: ExperimentSpec, prediction: Prediction) -> float:
    """The least mean slope of a hidden activation that can saturate, as a share of its steepest; 1 without one."""
    layers = {layer.name: layer for layer in spec.layers if slopes_down(layer)}
    slopes = (each.slope / steepest(layers[each.layer]) for each in prediction.layers if each.layer in layers)
    return min(slopes, default=1.0)


def _either_way(factor: float) -> float:
    return math.inf if math.isnan(factor) or factor <= 0 else max(factor, 1 / factor)
