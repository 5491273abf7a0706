"""Series from arrays of one record: weights and their moves, histograms, activations, signals."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from gradlab.measurement.statistics import (
    ACTIVATION_STATISTICS,
    BIN_NAMES,
    SIGNAL_STATISTICS,
    WEIGHT_STATISTICS,
    Flow,
    bins,
)


class Probed(Protocol):
    """One layer on the probe batch: arrays of (samples, units). A position or time step counts as a sample.

    Attributes:
        z: pre-activations.
        h: activations.
        slope: the activation's derivative at z; NaN if it mixes units.
        delta: the derivative of each sample's loss by z; NaN if it is unknown.
        steepest: the largest slope of the activation, one number or (units,); None where it is unknown.
        steps: time steps of a recurrent layer; 0 for any other layer.
    """

    @property
    def z(self) -> np.ndarray: ...
    @property
    def h(self) -> np.ndarray: ...
    @property
    def slope(self) -> np.ndarray: ...
    @property
    def delta(self) -> np.ndarray: ...
    @property
    def steepest(self) -> np.ndarray | float | None: ...
    @property
    def steps(self) -> int: ...


def weight_series(weights: Sequence[np.ndarray], earlier: Sequence[np.ndarray]) -> np.ndarray:
    """Return the statistics of weights: (tensors, columns) float32.

    Args:
        weights: the weights at the record's end.
        earlier: the weights at its beginning.
    """
    with np.errstate(all="ignore"):
        rows = [
            [each.compute(w.reshape(-1), v.reshape(-1), np) for each in WEIGHT_STATISTICS]
            for w, v in zip(weights, earlier, strict=True)
        ]
    return np.array(rows, np.float32).reshape(len(weights), len(WEIGHT_STATISTICS))


def histograms(tensors: Sequence[np.ndarray]) -> np.ndarray:
    """Return how many entries of each tensor are in each bin: (tensors, bins) float32."""
    counts = np.zeros((len(tensors), len(BIN_NAMES)), np.float32)
    for row, tensor in zip(counts, tensors, strict=True):
        flat = np.asarray(tensor, np.float32).reshape(-1)
        row += np.bincount(bins(flat)[~np.isnan(flat)], minlength=len(BIN_NAMES))
    return counts


def activation_series(layers: Sequence[str], probed: Mapping[str, Probed]) -> np.ndarray:
    """Return the statistics of activations: (layers, columns) float32, NaN for layers that were not probed."""
    values = np.full((len(layers), len(ACTIVATION_STATISTICS)), np.nan, np.float32)
    with np.errstate(all="ignore"):
        for row, name in zip(values, layers, strict=True):
            if (layer := probed.get(name)) is not None:
                flow = Flow(layer.z, layer.h, layer.slope, layer.steepest)
                row[:] = [each.compute(flow, np) for each in ACTIVATION_STATISTICS]
    return values


def signal_series(layers: Sequence[str], probed: Mapping[str, Probed]) -> np.ndarray:
    """Return the statistics of signals: (layers, columns) float32, NaN for layers that were not probed."""
    values = np.full((len(layers), len(SIGNAL_STATISTICS)), np.nan, np.float32)
    with np.errstate(all="ignore"):
        for row, name in zip(values, layers, strict=True):
            if (layer := probed.get(name)) is not None and not np.isnan(layer.delta).all():
                row[:] = [each.compute(layer.delta, np) for each in SIGNAL_STATISTICS]
    return values


def time_signal_series(layers: Sequence[str], probed: Mapping[str, Probed], columns: int) -> np.ndarray:
    """Return the rms of each time step's signal: (layers, columns) float32, NaN behind a layer's last step."""
    values = np.full((len(layers), columns), np.nan, np.float32)
    with np.errstate(all="ignore"):
        for row, name in zip(values, layers, strict=True):
            layer = probed.get(name)
            if layer is not None and layer.steps:
                samples, units = layer.delta.shape
                steps = layer.delta.reshape(samples // layer.steps, layer.steps, units).swapaxes(0, 1)
                row[: layer.steps] = SIGNAL_STATISTICS[0].compute(steps, np)[:columns]
    return values
