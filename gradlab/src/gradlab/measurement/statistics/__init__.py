"""Registry of the statistics, each with its formula, range and unit. There is one file for each kind of tensor."""

from gradlab.measurement.statistics.activations import ACTIVATION_STATISTIC_NAMES, ACTIVATION_STATISTICS, Flow
from gradlab.measurement.statistics.gradients import (
    GRADIENT_STATISTIC_NAMES,
    GRADIENT_STATISTICS,
    MEAN_GRADIENT_STATISTICS,
    UNION_GRADIENT_STATISTICS,
)
from gradlab.measurement.statistics.histograms import BIN_NAMES, EDGES, bins, histogram
from gradlab.measurement.statistics.signals import SIGNAL_STATISTIC_NAMES, SIGNAL_STATISTICS
from gradlab.measurement.statistics.statistic import Scale, Statistic, values_of
from gradlab.measurement.statistics.weights import WEIGHT_STATISTIC_NAMES, WEIGHT_STATISTICS

__all__ = [
    "ACTIVATION_STATISTICS",
    "ACTIVATION_STATISTIC_NAMES",
    "BIN_NAMES",
    "EDGES",
    "GRADIENT_STATISTICS",
    "GRADIENT_STATISTIC_NAMES",
    "MEAN_GRADIENT_STATISTICS",
    "SIGNAL_STATISTICS",
    "SIGNAL_STATISTIC_NAMES",
    "UNION_GRADIENT_STATISTICS",
    "WEIGHT_STATISTICS",
    "WEIGHT_STATISTIC_NAMES",
    "Flow",
    "Scale",
    "Statistic",
    "bins",
    "histogram",
    "values_of",
]
