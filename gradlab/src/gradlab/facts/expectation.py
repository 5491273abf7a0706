"""Predictions of theory for a network on the inputs of its probe batch, before its first update."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from gradlab.facts.model import Expectation, Theory
from gradlab.spec import NamedLayer
from gradlab.spec.network import in_order
from gradlab.theory import Prediction, born_dead_chance, hidden_relus, predict
from gradlab.theory.advised import around_zero, by_reference
from gradlab.theory.meanfield import KernelMoments, by_initializer
from gradlab.theory.slopes import activation_of, can_saturate, steepest_of

Array = np.ndarray


def theory_of(network: Sequence[NamedLayer], probe: Array) -> Theory:
    """Predict a network's hidden layers, and draw it many times.

    Args:
        network: its layers from the input to the output, each block as one layer.
        probe: (samples, *features) float64 inputs of the probe batch.
    """
    return Theory(
        own=_expectation(network, probe, by_initializer),
        around_zero=_expectation(network, probe, around_zero),
        advised=_expectation(network, probe, by_reference),
        born_dead=_born_dead(network, probe),
    )


def theory_of_ways(ways: Mapping[str, Sequence[NamedLayer]], probe: Array) -> Theory:
    """Predict the ways to several outputs; of these the one on which the most signal arrives at the first layer.

    The outputs' signals add up in the layers that they share: what arrives from one of them has not vanished, and what
    explodes on one way explodes.

    Args:
        ways: the layers from the inputs to each output, by its name.
        probe: (samples, features) float64 inputs of the probe batch, all inputs one after another.
    """
    theories = {name: theory_of(way, probe) for name, way in ways.items()}
    if not theories:
        return Theory()
    arriving = {name: theory.own.arriving if theory.own else -math.inf for name, theory in theories.items()}
    name = max(arriving, key=lambda each: arriving[each])
    return theories[name].model_copy(update={"output": name or None})


def _expectation(network: Sequence[NamedLayer], probe: Array, moments: KernelMoments) -> Expectation | None:
    prediction = predict(network, probe, moments)
    if prediction is None:
        return None
    return Expectation(
        arriving=prediction.arriving,
        factor=prediction.factor,
        depth_scale=prediction.depth_scale,
        signal_change=_signal_change(prediction),
        relative_slope=_least_slope(network, prediction),
    )


def _born_dead(network: Sequence[NamedLayer], probe: Array) -> float | None:
    layers = hidden_relus(network)
    if not layers or not len(probe):
        return None
    return born_dead_chance(layers, np.reshape(probe, (len(probe), -1)))


def _signal_change(prediction: Prediction) -> float:
    """The factor, 1 or more, by which signals grow or shrink: the larger one of forward and backward pass."""
    first, last = prediction.layers[0].second_moment, prediction.layers[-1].second_moment
    forward = math.sqrt(last / first) if first > 0 else math.inf
    return max(_either_way(prediction.arriving), _either_way(forward))


def _least_slope(network: Sequence[NamedLayer], prediction: Prediction) -> float:
    """The smallest mean slope of a hidden activation that can saturate, as a share of its steepest; 1 without one."""
    functions = {layer.name: activation_of(layer) for layer in in_order(network)}
    saturating = {name: function for name, function in functions.items() if can_saturate(function)}
    slopes = (
        each.slope / steepest_of(saturating[each.layer]) for each in prediction.layers if each.layer in saturating
    )
    return min(slopes, default=1.0)


def _either_way(factor: float) -> float:
    """A factor or its inverse, whichever is larger; infinity for NaN and 0."""
    return math.inf if math.isnan(factor) or factor <= 0 else max(factor, 1 / factor)
