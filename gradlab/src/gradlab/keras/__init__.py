"""Measurements of a Keras training. Nothing else in this library imports Keras."""

from gradlab.keras.gradient_statistics import GradientStatistics, RecordingWarning

__all__ = ["GradientStatistics", "RecordingWarning"]
