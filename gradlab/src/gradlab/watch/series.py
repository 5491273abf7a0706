"""Series from arrays of several records: weights and their moves, histograms, activations, signals."""

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
    values_of,
)
from gradlab.watch.large_layers import flow_in_blocks, signals_in_blocks

# Entries of an array above which it is measured singly, in blocks: its copy would cost more than it saves.
MAX_TOGETHER = 100_000


class Probed(Protocol):
    """One layer on the probe batch: arrays of (records, samples, units). A position or time step counts as a sample.

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
    """Return the statistics of weights: (records, tensors, columns) float32.

    Args:
        weights: (records, n) of each tensor, at the ends of the records.
        earlier: the same at their beginnings.
    """
    values = np.zeros((len(weights[0]), len(weights), len(WEIGHT_STATISTICS)), np.float32)
    with np.errstate(all="ignore"):
        for places in _alike([each.shape[-1] for each in weights], [each.size for each in weights]):
            w, v = (together([each[place] for place in places]) for each in (weights, earlier))
            values[:, places] = np.stack([each.compute(w, v, np) for each in WEIGHT_STATISTICS], axis=-1).swapaxes(0, 1)
    return values


def _alike(likenesses: Sequence[Hashable], sizes: Sequence[int]) -> list[list[int]]:
    """Return the places of those that are measured together: small ones that are alike; large ones singly."""
    groups: dict[Hashable, list[int]] = {}
    for place, (likeness, size) in enumerate(zip(likenesses, sizes, strict=True)):
        groups.setdefault((likeness, place if size > MAX_TOGETHER else None), []).append(place)
    return list(groups.values())


def together(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Return arrays of one shape along a new first axis, without a copy of a single one."""
    return arrays[0][None] if len(arrays) == 1 else np.stack(arrays)


def histograms(tensors: Sequence[np.ndarray]) -> np.ndarray:
    """Return how many entries of each tensor are in each bin, from (records, n): (records, tensors, bins) float32."""
    records, width = len(tensors[0]), len(BIN_NAMES)
    counts = np.zeros((records, len(tensors), width), np.float32)
    for places in _alike([0] * len(tensors), [each.size for each in tensors]):
        flat = [np.asarray(tensors[place], np.float32) for place in places]
        entries = flat[0] if len(flat) == 1 else np.concatenate(flat, axis=1)  # (records, entries)
        of_tensors = np.repeat(np.arange(len(places)), [each.shape[1] for each in flat])
        cells = bins(entries) + (of_tensors + len(places) * np.arange(records)[:, None]) * width
        cells = cells[~np.isnan(entries)]
        size = records * len(places) * width
        counts[:, places] = np.bincount(cells, minlength=size).reshape(records, len(places), width)
    return counts


def activation_series(layers: Sequence[str], probed: Mapping[str, Probed], records: int) -> np.ndarray:
    """Return the statistics of activations: (records, layers, columns) float32, NaN for layers that were not probed."""

    def measured(group: Sequence[Probed]) -> list[np.ndarray]:
        z, h, slope = (together([getattr(each, name) for each in group]) for name in ("z", "h", "slope"))
        flow = (flow_in_blocks if z[0].size > MAX_TOGETHER else Flow)(z, h, slope, group[0].steepest)
        return [each.compute(flow, np) for each in ACTIVATION_STATISTICS]

    return _by_layer(layers, probed, (records, len(layers), len(ACTIVATION_STATISTICS)), measured)


def signal_series(layers: Sequence[str], probed: Mapping[str, Probed], records: int) -> np.ndarray:
    """Return the statistics of signals: (records, layers, columns) float32, NaN for layers that were not probed."""
    with_signal = {name: each for name, each in probed.items() if not np.isnan(each.delta).all()}

    def measured(group: Sequence[Probed]) -> list[np.ndarray]:
        delta = together([each.delta for each in group])
        by_name = signals_in_blocks(delta) if delta[0].size > MAX_TOGETHER else {}
        return values_of(SIGNAL_STATISTICS, delta, np, by_name)

    return _by_layer(layers, with_signal, (records, len(layers), len(SIGNAL_STATISTICS)), measured)


def _by_layer(
    layers: Sequence[str],
    probed: Mapping[str, Probed],
    shape: tuple[int, int, int],
    measure: Callable[[Sequence[Probed]], Sequence[np.ndarray]],
) -> np.ndarray:
    """Measure layers, those of one shape and one activation together: (records, layers, columns) float32."""
    values = np.full(shape, np.nan, np.float32)
    rows = [row for row, name in enumerate(layers) if name in probed]
    likenesses = [_likeness(layers[row], probed[layers[row]]) for row in rows]
    with np.errstate(all="ignore"):
        for places in _alike(likenesses, [probed[layers[row]].z.size for row in rows]):
            group = [rows[place] for place in places]
            of_group = np.stack(measure([probed[layers[row]] for row in group]), axis=-1)  # (layers, records, columns)
            values[:, group] = of_group.swapaxes(0, 1)
    return values


def _likeness(name: str, layer: Probed) -> Hashable:
    steepest = layer.steepest
    return layer.z.shape, layer.h.shape, layer.z.dtype, name if isinstance(steepest, np.ndarray) else steepest


def time_signal_series(layers: Sequence[str], probed: Mapping[str, Probed], records: int, columns: int) -> np.ndarray:
    """Return the rms of each time step's signal: (records, layers, columns) float32, NaN behind a layer's last step."""
    values = np.full((records, len(layers), columns), np.nan, np.float32)
    with np.errstate(all="ignore"):
        for row, name in enumerate(layers):
            layer = probed.get(name)
            if layer is not None and layer.steps:
                samples, units = layer.delta.shape[1:]
                steps = layer.delta.reshape(records, samples // layer.steps, layer.steps, units).swapaxes(1, 2)
                values[:, row, : layer.steps] = SIGNAL_STATISTICS[0].compute(steps, np)[:, :columns]
    return values
