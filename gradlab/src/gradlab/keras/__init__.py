"""Measurements of a Keras training. No other package of this library imports Keras."""

from gradlab.keras.gradient_statistics import GradientStatistics, RecordingWarning

__all__ = ["GradientStatistics", "RecordingWarning"]
