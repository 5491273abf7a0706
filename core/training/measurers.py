"""Measurers: one function for each kind of series, which computes it from the traces of a training.

Each kind of `gradlab.measurement.kinds` has its function here, under its name, in the table of its source. A kind that
is measured from gradients has two: where an epoch's gradients are many, they come in pieces.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.training import flow_sums
from core.training.segments import Segments
from core.training.sums import GRADIENT_MEANS, Sums
from gradlab.measurement.history import SeriesLayout
from gradlab.measurement.statistics import (
    ACTIVATION_STATISTICS,
    MEAN_GRADIENT_STATISTICS,
    SIGNAL_STATISTICS,
    UNION_GRADIENT_STATISTICS,
    WEIGHT_STATISTICS,
    Flow,
    Statistic,
    values_of,
)

if TYPE_CHECKING:  # that module loads TensorFlow; a measurer needs NumPy alone
    from core.training.probe import ProbedLayer


# Numbers of all layers but the largest from which on two layers are measured at a time: some milliseconds of NumPy.
MIN_PARALLEL_NUMBERS = 1_000_000
# The columns of the statistics of gradients that follow from sums; a new one is computed by its formula.
MEAN_PLACES = np.array([[each.name for each in MEAN_GRADIENT_STATISTICS].index(name) for name in GRADIENT_MEANS])


@dataclass(frozen=True, eq=False)
class GradientRows:
    """The gradients of a piece of each of some epochs: of consecutive mini-batches, or of all.

    Attributes:
        layout: the layout of the kind.
        rows: (epochs, batches, seeds, numbers) the gradient of each mini-batch.
        sums: those of the rows, (epochs, batches, seeds, tensors).
        missing: (tensors,) True for tensors without a gradient.
        segments: the position of each tensor in a row.
        seen: (epochs, seeds, numbers) int32, zeros for the first piece. A measurer of the union of batches keeps there
            which entries were not 0 in any piece so far: see `Segments.zeros_of_all`.
        totals: (epochs, seeds, tensors, columns) float64, zeros for the first piece. A measurer keeps there what its
            pieces have added up to.
    """

    layout: SeriesLayout
    rows: np.ndarray
    sums: Sums
    missing: np.ndarray
    segments: Segments
    seen: np.ndarray
    totals: np.ndarray


@dataclass(frozen=True)
class OfGradients:
    """A measurer of gradients.

    Attributes:
        piece: adds a piece to the totals.
        joined: computes the series, (epochs, seeds, tensors, columns), from the totals of so many batches.
    """

    piece: Callable[[GradientRows], None]
    joined: Callable[[np.ndarray, int], np.ndarray]


@dataclass(frozen=True, eq=False)
class WeightRows:
    """The weights of some epochs.

    Attributes:
        layout: the layout of the kind.
        rows: (epochs, seeds, numbers) the weights at each epoch's end.
        earlier: the weights at each epoch's beginning, likewise.
        segments: the position of each tensor in a row.
    """

    layout: SeriesLayout
    rows: np.ndarray
    earlier: np.ndarray
    segments: Segments


def of_gradients(given: GradientRows) -> None:
    """Add statistics of each mini-batch's gradients; set those of the union of batches up to the piece's end."""
    segments, totals, count = given.segments, given.totals, len(MEAN_GRADIENT_STATISTICS)
    given.sums.add_means(segments.sizes, MEAN_PLACES, totals)
    for place, each in enumerate(MEAN_GRADIENT_STATISTICS):
        if place not in MEAN_PLACES:
            for of_batch in each.compute(given.rows, segments).swapaxes(0, 1):
                totals[..., place] += of_batch
    always_zero = {"always_zero_fraction": segments.zeros_of_all(given.rows, given.seen) / segments.sizes}
    totals[..., count:] = _by_tensor(UNION_GRADIENT_STATISTICS, always_zero, segments, lambda: [given.seen != 0])
    totals[..., given.missing, :] = np.nan


def joined_gradients(totals: np.ndarray, batches: int) -> np.ndarray:
    """The mean over batches of statistics that are means, and the last value of those of the union of batches."""
    count = len(MEAN_GRADIENT_STATISTICS)
    return np.concatenate([totals[..., :count] / batches, totals[..., count:]], axis=-1)


def of_gradient_histograms(given: GradientRows) -> None:
    """Add counts in each bin over all mini-batches of a piece."""
    measured = given.segments.histograms(given.rows)
    measured[..., given.missing, :] = 0
    given.totals[:] += measured


def joined_histograms(totals: np.ndarray, batches: int) -> np.ndarray:
    """Return the totals: counts are sums already."""
    return totals


def of_weights(given: WeightRows) -> np.ndarray:
    """Statistics of weights: (epochs, seeds, tensors, columns)."""
    segments, sums = given.segments, given.segments.sums(given.rows)
    moved, lengths = segments.sums(given.rows - given.earlier), sums.length
    by_name = {
        "l1": sums.absolute,
        "l2": lengths,
        "mean": sums.total / segments.sizes,
        "std": np.sqrt(sums.deviation / segments.sizes),
        "change_l1": moved.absolute,
        "update_ratio": np.where(lengths == 0.0, 0.0, moved.length / np.where(lengths == 0.0, 1.0, lengths)),
        "nonfinite": sums.nonfinite,
    }
    return _by_tensor(WEIGHT_STATISTICS, by_name, segments, lambda: [given.rows, given.earlier])


def of_weight_histograms(given: WeightRows) -> np.ndarray:
    """Counts in each bin: (epochs, seeds, tensors, bins)."""
    return given.segments.histograms(given.rows[:, None])


def of_activations(layout: SeriesLayout, layers: "Sequence[ProbedLayer]") -> np.ndarray:
    """Statistics of activations: (probes, layers, columns)."""

    def measured(layer: "ProbedLayer") -> np.ndarray:
        seen = Flow(layer.z, layer.h, layer.slope, layer.steepest)
        return np.stack(values_of(ACTIVATION_STATISTICS, seen, np, flow_sums.of_activations(layer)), axis=-1)

    return _by_layer(measured, layers)


def of_signals(layout: SeriesLayout, layers: "Sequence[ProbedLayer]") -> np.ndarray:
    """Statistics of back-propagated signals: (probes, layers, columns)."""

    def measured(layer: "ProbedLayer") -> np.ndarray:
        return np.stack(values_of(SIGNAL_STATISTICS, layer.delta, np, flow_sums.of_signals(layer)), axis=-1)

    return _by_layer(measured, layers)


def of_time_signals(layout: SeriesLayout, layers: "Sequence[ProbedLayer]") -> np.ndarray:
    """The rms of each time step's signal: (probes, recurrent layers, steps), NaN behind a layer's last step."""
    return np.stack([_by_step(layer, len(layout.columns)) for layer in layers if layer.steps], axis=1)


def of_boundary(outputs: np.ndarray) -> np.ndarray:
    """Outputs over the plane, (seeds, points, units), as (seeds, units, points)."""
    return outputs.swapaxes(1, 2)


FROM_GRADIENTS: Mapping[str, OfGradients] = {
    "gradients": OfGradients(of_gradients, joined_gradients),
    "gradient_histograms": OfGradients(of_gradient_histograms, joined_histograms),
}
FROM_WEIGHTS: Mapping[str, Callable[[WeightRows], np.ndarray]] = {
    "weights": of_weights,
    "weight_histograms": of_weight_histograms,
}
FROM_FLOWS: "Mapping[str, Callable[[SeriesLayout, Sequence[ProbedLayer]], np.ndarray]]" = {
    "activations": of_activations,
    "signals": of_signals,
    "time_signals": of_time_signals,
}
FROM_PLANE: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {"boundary": of_boundary}
# Source of a kind -> its name -> its measurer.
MEASURERS: Mapping[str, Mapping[str, object]] = {
    "gradients": FROM_GRADIENTS,
    "weights": FROM_WEIGHTS,
    "flows": FROM_FLOWS,
    "plane": FROM_PLANE,
}


def _by_tensor(
    statistics: Sequence[Statistic],
    by_name: Mapping[str, np.ndarray],
    segments: Segments,
    rows: Callable[[], Sequence[np.ndarray]],
) -> np.ndarray:
    """Return statistics of each tensor, (..., tensors, statistics): from `by_name`, or else by their formulas."""
    others = [each for each in statistics if each.name not in by_name]
    given = rows() if others else ()
    columns = {each.name: each.compute(*given, segments) for each in others} | dict(by_name)
    return np.stack([columns[each.name] for each in statistics], axis=-1)


def _by_layer(measure: "Callable[[ProbedLayer], np.ndarray]", layers: "Sequence[ProbedLayer]") -> np.ndarray:
    """Statistics of each layer: (probes, layers, statistics), two layers at a time where several hold many numbers."""

    def measured(layer: "ProbedLayer") -> np.ndarray:
        with np.errstate(all="ignore"):  # a thread has its own
            return measure(layer)

    numbers = [layer.h.size for layer in layers]
    if sum(numbers) - max(numbers) < MIN_PARALLEL_NUMBERS:
        return np.stack([*map(measured, layers)], axis=1)
    with ThreadPoolExecutor(2) as threads:
        return np.stack([*threads.map(measured, layers)], axis=1)


def _by_step(layer: "ProbedLayer", width: int) -> np.ndarray:
    """The rms of each step's signal: (probes, width), NaN behind the layer's last step."""
    probes, samples, units = layer.delta.shape
    steps = layer.delta.reshape(probes, layer.steps, samples // layer.steps, units)
    rms = SIGNAL_STATISTICS[0].compute(steps, np)
    return np.pad(rms, [(0, 0), (0, width - layer.steps)], constant_values=np.nan)
