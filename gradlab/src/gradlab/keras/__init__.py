"""Measurements of a Keras training. No other package of this library imports Keras."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gradlab.keras.gradient_statistics import GradientStatistics, RecordingWarning

if TYPE_CHECKING:
    from gradlab.keras.adoption import adopt as adopt
    from gradlab.keras.live_weights import save_weights as save_weights
    from gradlab.keras.watch import Watch as Watch

__all__ = ["GradientStatistics", "RecordingWarning", "Watch", "adopt", "save_weights"]


# Imported at their first use: the service's workers measure with this package, and need neither.
_MODULES = {
    "Watch": "gradlab.keras.watch",
    "adopt": "gradlab.keras.adoption",
    "save_weights": "gradlab.keras.live_weights",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
