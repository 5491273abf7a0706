"""Measurements of a Keras training. No other package of this library imports Keras."""

from gradlab.keras.gradient_statistics import GradientStatistics, RecordingWarning
from gradlab.keras.watch import Watch

__all__ = ["GradientStatistics", "RecordingWarning", "Watch"]
