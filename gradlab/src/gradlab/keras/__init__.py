"""Measurements of a Keras training. No other package of this library imports Keras."""

from typing import TYPE_CHECKING, Any

from gradlab.keras.gradient_statistics import GradientStatistics, RecordingWarning

if TYPE_CHECKING:
    from gradlab.keras.watch import Watch as Watch

__all__ = ["GradientStatistics", "RecordingWarning", "Watch"]


def __getattr__(name: str) -> Any:
    """Import the Watch at its first use: the service's workers measure with this package, and need no diagnosis."""
    if name != "Watch":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gradlab.keras.watch import Watch

    return Watch
