"""Measurers: how each kind of series is worked out of what a training left behind, one function for each kind.

A kind of `gradlab.measurement.kinds` has its function here under its name, in the table of what it is measured from. A
kind that is measured from gradients is worked out in the program as well, where gradients are too many to be kept:
see `core.training.update`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.training.segments import Segments
from gradlab.measurement.history import SeriesLayout
from gradlab.measurement.statistics import (
    ACTIVATION_STATISTICS,
    MEAN_GRADIENT_STATISTICS,
    SIGNAL_STATISTICS,
    UNION_GRADIENT_STATISTICS,
    WEIGHT_STATISTICS,
    Flow,
    Statistic,
)

if TYPE_CHECKING:  # it loads TensorFlow, and a measurer needs NumPy alone
    from core.training.probe import Seen


@dataclass(frozen=True, eq=False)
class GradientRows:
    """The gradients of some epochs.

    Attributes:
        layout: of the kind that is measured.
        rows: (epochs, batches, seeds, numbers) the gradient of each mini-batch.
        missing: (tensors,) which tensors have no gradient.
        segments: where each tensor lies in a row of numbers.
    """

    layout: SeriesLayout
    rows: np.ndarray
    missing: np.ndarray
    segments: Segments


@dataclass(frozen=True, eq=False)
class WeightRows:
    """The weights of some epochs.

    Attributes:
        layout: of the kind that is measured.
        rows: (epochs, seeds, numbers) the weights at each epoch's end.
        earlier: the same at each epoch's beginning.
        segments: where each tensor lies in a row of numbers.
    """

    layout: SeriesLayout
    rows: np.ndarray
    earlier: np.ndarray
    segments: Segments


def of_gradients(given: GradientRows) -> np.ndarray:
    """Statistics of gradients: (epochs, seeds, tensors, columns)."""
    by_batch = _by_tensor(MEAN_GRADIENT_STATISTICS, given.segments, given.rows)  # (epochs, batches, seeds, ...)
    of_union = _by_tensor(UNION_GRADIENT_STATISTICS, given.segments, (given.rows != 0).any(axis=1))
    measured = np.concatenate([by_batch.mean(axis=1), of_union], axis=-1)
    measured[:, :, given.missing] = np.nan
    return measured


def of_gradient_histograms(given: GradientRows) -> np.ndarray:
    """Counts in each bin over all mini-batches of an epoch: (epochs, seeds, tensors, bins)."""
    measured = given.segments.histograms(np.moveaxis(given.rows, 1, 2))
    measured[:, :, given.missing] = 0.0
    return measured


def of_weights(given: WeightRows) -> np.ndarray:
    """Statistics of weights: (epochs, seeds, tensors, columns)."""
    return _by_tensor(WEIGHT_STATISTICS, given.segments, given.rows, given.earlier)


def of_weight_histograms(given: WeightRows) -> np.ndarray:
    """Counts in each bin: (epochs, seeds, tensors, bins)."""
    return given.segments.histograms(given.rows[:, :, None])


def of_activations(layout: SeriesLayout, layers: "Sequence[Seen]") -> np.ndarray:
    """Statistics of activations: (looks, layers, columns)."""
    flows = [Flow(layer.z, layer.h, layer.slope, layer.steepest) for layer in layers]
    return _by_layer(ACTIVATION_STATISTICS, flows)


def of_signals(layout: SeriesLayout, layers: "Sequence[Seen]") -> np.ndarray:
    """Statistics of back-propagated signals: (looks, layers, columns)."""
    return _by_layer(SIGNAL_STATISTICS, [layer.delta for layer in layers])


def of_time_signals(layout: SeriesLayout, layers: "Sequence[Seen]") -> np.ndarray:
    """The rms of each time step's signal: (looks, recurrent layers, steps), NaN behind a layer's last step."""
    return np.stack([_by_step(layer, len(layout.columns)) for layer in layers if layer.steps], axis=1)


def of_boundary(answers: np.ndarray) -> np.ndarray:
    """(seeds, points, units) outputs over the plane, as (seeds, units, points)."""
    return answers.swapaxes(1, 2)


FROM_GRADIENTS: Mapping[str, Callable[[GradientRows], np.ndarray]] = {
    "gradients": of_gradients,
    "gradient_histograms": of_gradient_histograms,
}
# Those of them that `core.training.update` works out itself where gradients are too many to be kept.
IN_PROGRAM = ("gradients", "gradient_histograms")
FROM_WEIGHTS: Mapping[str, Callable[[WeightRows], np.ndarray]] = {
    "weights": of_weights,
    "weight_histograms": of_weight_histograms,
}
FROM_FLOWS: "Mapping[str, Callable[[SeriesLayout, Sequence[Seen]], np.ndarray]]" = {
    "activations": of_activations,
    "signals": of_signals,
    "time_signals": of_time_signals,
}
FROM_PLANE: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {"boundary": of_boundary}
# What a kind is measured from -> its name -> its measurer.
MEASURERS: Mapping[str, Mapping[str, Callable[..., np.ndarray]]] = {
    "gradients": FROM_GRADIENTS,
    "weights": FROM_WEIGHTS,
    "flows": FROM_FLOWS,
    "plane": FROM_PLANE,
}


def _by_tensor(statistics: Sequence[Statistic], segments: Segments, *rows: np.ndarray) -> np.ndarray:
    """(..., numbers) as (..., tensors, statistics)."""
    return np.stack([each.compute(*rows, segments) for each in statistics], axis=-1)


def _by_layer(statistics: Sequence[Statistic], layers: Sequence[Any]) -> np.ndarray:
    """(looks, layers, statistics) of what is seen at each layer."""
    return np.stack([np.stack([each.compute(seen, np) for each in statistics], axis=-1) for seen in layers], axis=1)


def _by_step(layer: "Seen", width: int) -> np.ndarray:
    """(looks, width): the rms of each step's signal, NaN behind the layer's last step."""
    looks, samples, units = layer.delta.shape
    steps = layer.delta.reshape(looks, samples // layer.steps, layer.steps, units).swapaxes(1, 2)
    rms = SIGNAL_STATISTICS[0].compute(steps, np)
    return np.pad(rms, [(0, 0), (0, width - layer.steps)], constant_values=np.nan)
