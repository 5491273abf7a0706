"""Statistics of a layer's activations and signals on the probe batch, by sums that Numba has compiled.

The formulas of `gradlab.measurement.statistics` go through a layer some thirty times, this module five times. Sums are
in float64. Each probe is measured by itself, so that a value does not hang on what is measured beside it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numba import float32, float64, int64

from core.training.sums import INFINITE, SIZE, UNITS, Sums, compiled
from gradlab.measurement.statistics.activations import MAX_UNITS, ROUNDING, SATURATED

if TYPE_CHECKING:  # that module loads TensorFlow
    from core.training.probe import ProbedLayer

# Samples whose products are summed before the next ones are read: what a core's second cache holds of all units.
BUFFERED_SAMPLES = 256


def of_activations(layer: "ProbedLayer") -> Mapping[str, np.ndarray]:
    """Return the statistics of a layer's pre-activations, activations and slopes: name -> (probes,) float64."""
    z, h, slope = map(_by_unit, (layer.z, layer.h, layer.slope))
    limit = np.multiply(SATURATED, np.nan if layer.steepest is None else layer.steepest)
    before, after, slopes = (np.empty((len(h), 3)) for _ in range(3))
    _sum(z, before)
    _sum(h, after)
    _sum_slopes(slope, np.full(slope.shape[1], limit, np.float32), slopes)
    correlation, rank = _correlation_and_rank(h[:, :MAX_UNITS])
    return {
        "pre_mean": before[:, 0],
        "pre_std": before[:, 1],
        "mean": after[:, 0],
        "std": after[:, 1],
        "saturated_fraction": slopes[:, 1],
        "dead_fraction": slopes[:, 2],
        "slope": slopes[:, 0],
        "unit_correlation": correlation,
        "effective_rank": rank,
        "nonfinite": after[:, 2],
    }


def of_signals(layer: "ProbedLayer") -> Mapping[str, np.ndarray]:
    """Return the statistics of a layer's signals: name -> (probes,) float64."""
    ordered = np.ascontiguousarray(layer.delta, np.float32) if layer.steps else _by_unit(layer.delta)  # as probed
    delta = ordered.reshape(len(layer.delta), -1)
    numbers = delta.shape[1]
    sums = Sums.of(delta, np.array([numbers]))
    return {"rms": np.sqrt(sums.square[:, 0] / numbers), "nonfinite": sums.nonfinite[:, 0]}


def _by_unit(x: np.ndarray) -> np.ndarray:
    """(probes, samples, units) -> (probes, units, samples), as a probe leaves many layers behind."""
    if x.dtype != np.float32 or not x.flags.c_contiguous or x.swapaxes(1, 2).flags.c_contiguous:
        return np.ascontiguousarray(x.swapaxes(1, 2), np.float32)
    by_unit = np.empty((x.shape[0], x.shape[2], x.shape[1]), np.float32)
    _transpose(x, by_unit)
    return by_unit


def _correlation_and_rank(h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean size of correlations between units that vary, and the participation ratio: (probes,) each."""
    probes, units, _ = h.shape
    even = units + units % 2
    products, columns = np.empty((probes, even, even)), np.empty((probes, 2))
    _sum_products(np.ascontiguousarray(h), products, ROUNDING)
    _correlate(products, units, columns)
    return columns[:, 0], columns[:, 1]


@compiled((UNITS, float32[:, :, ::1]))
def _transpose(x, by_unit):
    """Exchange the last two axes, of which NumPy takes one number after another."""
    probes, samples, units = x.shape
    for probe in range(probes):
        for unit in range(units):
            for i in range(samples):
                by_unit[probe, unit, i] = x[probe, i, unit]


@compiled((UNITS, float64[:, ::1]))
def _sum(x, columns):
    """Compute mean, standard deviation and the number of entries that are not finite: (probes, 3)."""
    probes, units, samples = x.shape
    for probe in range(probes):
        total, deviation, nonfinite = 0.0, 0.0, 0.0
        for unit in range(units):
            of_unit, infinite = x[probe, unit], np.int32(0)
            bits = of_unit.view(np.int32)
            for i in range(samples):
                total += np.float64(of_unit[i])
                infinite += np.int32(bits[i] & SIZE >= INFINITE)
            nonfinite += infinite
        mean = total / (units * samples)
        for unit in range(units):
            of_unit = x[probe, unit]
            for i in range(samples):
                distance = np.float64(of_unit[i]) - mean
                deviation += distance * distance
        columns[probe, 0], columns[probe, 1] = mean, np.sqrt(deviation / (units * samples))
        columns[probe, 2] = nonfinite


@compiled((UNITS, float32[::1], float64[:, ::1]))
def _sum_slopes(x, limits, columns):
    """Compute the mean, the share below the limits, and the share of units in which all are 0: (probes, 3)."""
    probes, units, samples = x.shape
    for probe in range(probes):
        total, below, dead = 0.0, 0.0, 0.0
        for unit in range(units):
            of_unit, limit = x[probe, unit], limits[unit]
            lower, passing = np.int32(0), np.int32(0)
            for i in range(samples):
                total += np.float64(of_unit[i])
                lower += np.int32(abs(of_unit[i]) < limit)
                passing += np.int32(of_unit[i] != 0.0)
            below += lower + 0.0 * limit  # NaN < limit is False: a NaN would count as healthy
            dead += passing == 0
        mean = total / (units * samples)
        columns[probe, 0], columns[probe, 1] = mean, below / (units * samples) + 0.0 * mean
        columns[probe, 2] = dead / units + 0.0 * mean


# The limit is an argument: a kept function would not notice another one in the module that it comes from.
@compiled((UNITS, float64[:, :, ::1], float64))
def _sum_products(h, products, rounding):
    """Sum the products of each two units' distances from their means, below the diagonal and on it.

    Units are read in pairs, so an odd one is read twice. A unit that rounding alone moves is constant: its sums are 0.
    """
    probes, units, samples = h.shape
    even = products.shape[1]
    means, distances = np.empty(even), np.empty((even, BUFFERED_SAMPLES))
    products[:] = 0.0
    for probe in range(probes):
        of_probe = products[probe]
        for unit in range(even):
            x, total = h[probe, min(unit, units - 1)], 0.0
            for i in range(samples):
                total += np.float64(x[i])
            means[unit] = total / samples
        for begin in range(0, samples, BUFFERED_SAMPLES):
            count = min(BUFFERED_SAMPLES, samples - begin)
            for unit in range(even):
                x = h[probe, min(unit, units - 1), begin : begin + count]
                for i in range(count):
                    distances[unit, i] = np.float64(x[i]) - means[unit]
            for row in range(0, even, 2):
                a, b = distances[row, :count], distances[row + 1, :count]
                for column in range(0, row + 2, 2):
                    c, d = distances[column, :count], distances[column + 1, :count]
                    ac, ad, bc, bd = 0.0, 0.0, 0.0, 0.0
                    for i in range(count):
                        ac += a[i] * c[i]
                        ad += a[i] * d[i]
                        bc += b[i] * c[i]
                        bd += b[i] * d[i]
                    of_probe[row, column] += ac
                    of_probe[row, column + 1] += ad
                    of_probe[row + 1, column] += bc
                    of_probe[row + 1, column + 1] += bd
        for unit in range(even):
            limit = rounding * means[unit]
            if of_probe[unit, unit] <= samples * limit * limit:
                of_probe[unit, :] = 0.0
                of_probe[:, unit] = 0.0


@compiled((float64[:, :, ::1], int64, float64[:, ::1]))
def _correlate(products, units, columns):
    """Compute the correlation and the rank of each probe from what `_sum_products` returned: (probes, 2)."""
    scales = np.empty(units)
    for probe in range(len(products)):
        of_probe = products[probe]
        varying, trace, squares, total = 0, 0.0, 0.0, 0.0
        for unit in range(units):
            own = of_probe[unit, unit]
            varying += int(own != 0.0)
            scales[unit] = 0.0 if own == 0.0 else 1.0 / np.sqrt(own)
            trace += own
            squares += own * own
        for row in range(units):
            for column in range(row):
                product = of_probe[row, column]
                total += abs(product) * scales[row] * scales[column]
                squares += 2.0 * product * product
        correlation = 2.0 * total / (varying * (varying - 1.0)) if varying > 1 else np.nan
        # Rounding may lift a perfect correlation above 1.
        columns[probe, 0] = 1.0 if correlation > 1.0 else correlation
        columns[probe, 1] = 0.0 if trace == 0.0 else trace * trace / squares
