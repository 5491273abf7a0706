"""Predictions of theory for a network before its first update, from its initialisers alone, in NumPy.

The predictions are the moments of the weights, the size of the signals in the forward and the backward pass, and the
chance that a narrow relu network is born dead.
"""

from gradlab.theory.born_dead import bound as born_dead_bound
from gradlab.theory.born_dead import chance as born_dead_chance
from gradlab.theory.born_dead import hidden_relus
from gradlab.theory.meanfield import LayerPrediction, Prediction, predict, predicted_layers
from gradlab.theory.weights import Moments, moments

__all__ = [
    "LayerPrediction",
    "Moments",
    "Prediction",
    "born_dead_bound",
    "born_dead_chance",
    "hidden_relus",
    "moments",
    "predict",
    "predicted_layers",
]
