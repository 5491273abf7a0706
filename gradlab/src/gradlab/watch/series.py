"""Series from arrays of one record: weights and their moves, histograms, activations, signals."""

from collections.abc import Callable, Hashable, Mapping, Sequence
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

# Entries of an array above which it is measured singly: its copy would cost more than it saves.
MAX_TOGETHER = 100_000


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
    values = np.zeros((len(weights), len(WEIGHT_STATISTICS)), np.float32)
    flat = [each.reshape(-1) for each in weights]
    with np.errstate(all="ignore"):
        for places in _alike([each.size for each in flat], [each.size for each in flat]):
            w, v = _together([flat[p] for p in places]), _together([earlier[p].reshape(-1) for p in places])
            values[places] = np.stack([each.compute(w, v, np) for each in WEIGHT_STATISTICS], axis=-1)
    return values


def _alike(likenesses: Sequence[Hashable], sizes: Sequence[int]) -> list[list[int]]:
    """Return the places of those that are measured together: small ones that are alike; large ones singly."""
    groups: dict[Hashable, list[int]] = {}
    for place, (likeness, size) in enumerate(zip(likenesses, sizes, strict=True)):
        groups.setdefault((likeness, place if size > MAX_TOGETHER else None), []).append(place)
    return list(groups.values())


def _together(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Return arrays of one shape along a new first axis, without a copy of a single one."""
    return arrays[0][None] if len(arrays) == 1 else np.stack(arrays)


def histograms(tensors: Sequence[np.ndarray]) -> np.ndarray:
    """Return how many entries of each tensor are in each bin: (tensors, bins) float32."""
    counts = np.zeros((len(tensors), len(BIN_NAMES)), np.float32)
    for places in _alike([0] * len(tensors), [each.size for each in tensors]):
        flat = [np.asarray(tensors[place], np.float32).reshape(-1) for place in places]
        entries, sizes = np.concatenate(flat), [each.size for each in flat]
        cells = bins(entries) + np.repeat(np.arange(len(places)) * len(BIN_NAMES), sizes)
        cells = cells[~np.isnan(entries)]
        counts[places] = np.bincount(cells, minlength=counts[places].size).reshape(len(places), -1)
    return counts


def activation_series(layers: Sequence[str], probed: Mapping[str, Probed]) -> np.ndarray:
    """Return the statistics of activations: (layers, columns) float32, NaN for layers that were not probed."""

    def measured(group: Sequence[Probed]) -> list[np.ndarray]:
        z, h, slope = (_together([getattr(each, name) for each in group]) for name in ("z", "h", "slope"))
        flow = Flow(z, h, slope, group[0].steepest)
        return [each.compute(flow, np) for each in ACTIVATION_STATISTICS]

    return _by_layer(layers, probed, len(ACTIVATION_STATISTICS), measured)


def signal_series(layers: Sequence[str], probed: Mapping[str, Probed]) -> np.ndarray:
    """Return the statistics of signals: (layers, columns) float32, NaN for layers that were not probed."""
    with_signal = {name: each for name, each in probed.items() if not np.isnan(each.delta).all()}

    def measured(group: Sequence[Probed]) -> list[np.ndarray]:
        delta = _together([each.delta for each in group])
        return [each.compute(delta, np) for each in SIGNAL_STATISTICS]

    return _by_layer(layers, with_signal, len(SIGNAL_STATISTICS), measured)


def _by_layer(
    layers: Sequence[str],
    probed: Mapping[str, Probed],
    columns: int,
    measure: Callable[[Sequence[Probed]], Sequence[np.ndarray]],
) -> np.ndarray:
    """Measure layers, those of one shape and one activation together: (layers, columns) float32."""
    values = np.full((len(layers), columns), np.nan, np.float32)
    rows = [row for row, name in enumerate(layers) if name in probed]
    likenesses = [_likeness(layers[row], probed[layers[row]]) for row in rows]
    with np.errstate(all="ignore"):
        for places in _alike(likenesses, [probed[layers[row]].z.size for row in rows]):
            group = [rows[place] for place in places]
            values[group] = np.stack(measure([probed[layers[row]] for row in group]), axis=-1)
    return values


def _likeness(name: str, layer: Probed) -> Hashable:
    steepest = layer.steepest
    return layer.z.shape, layer.h.shape, layer.z.dtype, name if isinstance(steepest, np.ndarray) else steepest


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
