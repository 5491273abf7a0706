"""Predictions of theory for a network before its first update, from its initialisers alone, in NumPy.

The predictions are the moments of the weights, the size of the signals in the forward and the backward pass, the border
between vanishing and exploding signals, and the chance that a narrow relu network is born dead.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradlab.theory.border import critical_weight_variance as critical_weight_variance
    from gradlab.theory.born_dead import born_dead_bound as born_dead_bound
    from gradlab.theory.born_dead import born_dead_chance as born_dead_chance
    from gradlab.theory.born_dead import hidden_relus as hidden_relus
    from gradlab.theory.meanfield import LayerPrediction as LayerPrediction
    from gradlab.theory.meanfield import Prediction as Prediction
    from gradlab.theory.meanfield import predict as predict
    from gradlab.theory.meanfield import predicted_layers as predicted_layers
    from gradlab.theory.weights import Moments as Moments
    from gradlab.theory.weights import moments as moments

# Each name is imported at its first use: most rules need the moments alone.
_MODULES = {
    "LayerPrediction": "gradlab.theory.meanfield",
    "Moments": "gradlab.theory.weights",
    "Prediction": "gradlab.theory.meanfield",
    "born_dead_bound": "gradlab.theory.born_dead",
    "born_dead_chance": "gradlab.theory.born_dead",
    "critical_weight_variance": "gradlab.theory.border",
    "hidden_relus": "gradlab.theory.born_dead",
    "moments": "gradlab.theory.weights",
    "predict": "gradlab.theory.meanfield",
    "predicted_layers": "gradlab.theory.meanfield",
}

__all__ = [
    "LayerPrediction",
    "Moments",
    "Prediction",
    "born_dead_bound",
    "born_dead_chance",
    "critical_weight_variance",
    "hidden_relus",
    "moments",
    "predict",
    "predicted_layers",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
