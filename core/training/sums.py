"""Sums over each tensor of many rows, compiled by Numba: one pass over memory, whatever the number of statistics.

A row holds the numbers of all tensors of a network, one tensor after another. NumPy goes through memory some twenty
times for the statistics of gradients, 8 to 13 ns a number; here it is once, 0.4 ns (docs/lab-notes/engine.md). Sums are
in float64. Each tensor of each row is summed by itself, so that a value does not hang on what is measured beside it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np
from numba import float32, float64, int32, int64, njit, types, uint32, uint64

from gradlab.measurement.statistics.histograms import BIN_NAMES, EDGES

# The bits of a float32 without its sign order its size; those of infinity are the largest that are a number's.
SIZE, INFINITE = np.int32(0x7FFFFFFF), np.int32(0x7F800000)
# The lowest bits are the mantissa; the exponent is above it, and the sign is the last one.
MANTISSA, EXPONENT, SIGN, ONE = np.uint32(0x7FFFFF), np.uint32(23), np.uint32(31), np.uint32(1)
# Entries that are worked on at a time: what a core's first cache holds.
BUFFERED = 1024
# Numbers of bins, and of what is in none.
BIN_BITS, BINS, LAST_BIN = np.uint32(6), 64, np.uint32(63)
# Entries of a tensor, in all batches, from which on they are counted in pairs: adding up the pairs takes as long as
# counting some hundreds.
MIN_PAIRED = 4096
# Statistics of gradients that follow from the sums.
GRADIENT_MEANS = ("mean_abs", "mean", "std", "l2", "max_abs", "zero_fraction", "nonfinite")
# Rows of float32, those of a layer's units, and those of batches; what a program has left behind may only be read.
ROWS, UNITS, BATCHES = (types.Array(float32, axes, "C", readonly=True) for axes in (2, 3, 4))
# What `Sums.of` returns for batches.
FLOATS, SIZES, COUNTS = (types.Array(each, 4, "A") for each in (float64, float32, int32))


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over the n entries x of each tensor, (..., tensors) each.

    Attributes:
        total: Σx, as are all sums in float64.
        absolute: Σ|x|.
        square: Σx².
        deviation: Σ(x − mean)².
        largest: max|x| in float32; NaN if an entry is NaN.
        zeros: the number of entries that are exactly 0.
        nonfinite: the number of entries that are NaN or infinite.
    """

    total: np.ndarray
    absolute: np.ndarray
    square: np.ndarray
    deviation: np.ndarray
    largest: np.ndarray
    zeros: np.ndarray
    nonfinite: np.ndarray

    @property
    def length(self) -> np.ndarray:
        """√Σx² in float32, where the square of a length above 1.8e19 is infinite, as in the compiled program."""
        return np.sqrt(self.square.astype(np.float32))

    def at(self, epochs: Sequence[int]) -> "Sums":
        """Return the sums of some places of the first axis."""
        return Sums(*(getattr(self, field.name)[epochs] for field in fields(self)))

    def add_means(self, sizes: np.ndarray, places: np.ndarray, totals: np.ndarray) -> None:
        """Add the statistics of each batch's gradients to their totals, batch after batch: see `GRADIENT_MEANS`.

        Args:
            sizes: (tensors,) int64 the number of entries of each tensor.
            places: (statistics,) int64 the column of each of `GRADIENT_MEANS`.
            totals: (epochs, seeds, tensors, columns) float64. Sums are (epochs, batches, seeds, tensors).
        """
        of = (self.absolute, self.total, self.deviation, self.square, self.largest, self.zeros, self.nonfinite)
        _add_means(*of, sizes, places, totals)

    @classmethod
    def of(cls, rows: np.ndarray, ends: np.ndarray) -> "Sums":
        """Sum rows of float32, (..., numbers).

        Args:
            rows: the rows.
            ends: (tensors,) int64, the place behind each tensor's last number.
        """
        shape = (*rows.shape[:-1], len(ends))
        sums, counts = np.empty((*shape, 4)), np.empty((*shape, 3), np.int32)
        count = math.prod(rows.shape[:-1])
        flat = np.ascontiguousarray(rows, np.float32).reshape(count, rows.shape[-1])
        _sum(flat, ends, sums.reshape(count, len(ends), 4), counts.reshape(count, len(ends), 3))
        total, absolute, square, deviation = (sums[..., place] for place in range(4))
        largest = counts[..., 0].view(np.float32)
        return cls(total, absolute, square, deviation, largest, counts[..., 1], counts[..., 2])


def zeros_of_all(rows: np.ndarray, ends: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Count the entries of each tensor that are exactly 0 in every batch, of these rows and of those before.

    Args:
        rows: (epochs, batches, seeds, numbers) float32.
        ends: as for `Sums.of`.
        seen: (epochs, seeds, numbers) int32, 0 for entries that were 0 in all rows before. The same of these rows is
            added to it.

    Returns:
        (epochs, seeds, tensors) int64.
    """
    counted = np.empty((rows.shape[0], rows.shape[2], len(ends)), np.int64)
    _count_zeros_of_all(np.ascontiguousarray(rows), ends, seen, counted)
    return counted


def histograms(rows: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Count the entries of each tensor in each bin of `gradlab.measurement.statistics`, over all batches.

    Args:
        rows: (epochs, batches, seeds, numbers) float32.
        ends: as for `Sums.of`.

    Returns:
        (epochs, seeds, tensors, bins) int64. A NaN is in no bin.
    """
    counted = np.zeros((rows.shape[0], rows.shape[2], len(ends), BINS), np.uint64)
    _count_bins(np.ascontiguousarray(rows), ends, BINS_OF_OCTAVES, counted)
    return counted[..., : len(BIN_NAMES)].astype(np.int64)


def _bins_of_octaves() -> np.ndarray:
    """Return for each sign and exponent of a float32 where its octave is cut in two, and the bin of its lower part.

    Returns:
        (512,) uint32: 64 times the smallest mantissa of the upper part, 2²³ where there is none, plus the bin of the
        lower part. No octave holds two edges, so the upper part is in the bin above it, or below it if the sign is
        negative. The upper part of infinities is NaN, whose bins, 51 and 63, stand for none.
    """
    lowest = np.arange(512, dtype=np.uint32) << 23
    ends = np.stack([lowest, lowest | MANTISSA]).view(np.float32)
    lower, upper = np.searchsorted(EDGES, ends, side="right")
    is_negative = lowest >> 31 == 1
    # Bin i holds EDGES[i - 1] ≤ x < EDGES[i].
    edges = np.abs(EDGES)[np.clip(lower - is_negative, 0, len(EDGES) - 1)].view(np.int32) + is_negative
    octaves = lowest & np.uint32(SIZE)
    cuts = np.where(lower == upper, MANTISSA + ONE, edges - octaves.astype(np.int32))
    cuts[octaves == INFINITE] = 1
    table: np.ndarray = (cuts * BINS + lower).astype(np.uint32)
    return table


BINS_OF_OCTAVES = _bins_of_octaves()


def compiled(signature: Any, *, in_order: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function at once, or load it from where an earlier process has kept it.

    Args:
        signature: the types of its arguments.
        in_order: True if additions are made in their order, and a division by zero is no error. Otherwise additions may
            be reordered, which makes vectors of them; NaN and infinities keep their meaning.
    """
    rules = {"error_model": "numpy"} if in_order else {"fastmath": {"reassoc", "contract"}}
    compile_it = partial(njit, signature, nogil=True, **rules)

    def decorated(function: Callable[..., Any]) -> Any:
        try:
            return compile_it(cache=True)(function)
        except Exception:  # nowhere to keep it, a full disk, a damaged file: whatever an earlier process left
            return compile_it()(function)

    return decorated


@compiled((ROWS, int64[::1], float64[:, :, ::1], int32[:, :, ::1]))
def _sum(rows, ends, sums, counts):
    for k in range(len(rows)):
        begin = 0
        for tensor in range(len(ends)):  # Numba makes vectors of loops over numbers, and not of those over entries
            x = rows[k, begin : ends[tensor]]
            bits = x.view(np.int32)
            total, absolute, square, deviation = 0.0, 0.0, 0.0, 0.0
            for i in range(len(x)):
                value = np.float64(x[i])
                total += value
                absolute += abs(value)
                square += value * value
            largest, zeros, nonfinite = np.int32(0), np.int32(0), np.int32(0)
            for i in range(len(x)):
                size = bits[i] & SIZE
                largest = max(largest, size)
                zeros += np.int32(size == 0)
                nonfinite += np.int32(size >= INFINITE)
            mean = total / max(len(x), 1)
            for i in range(len(x)):
                distance = np.float64(x[i]) - mean
                deviation += distance * distance
            sums[k, tensor] = total, absolute, square, deviation
            counts[k, tensor] = largest, zeros, nonfinite
            begin = ends[tensor]


@compiled(
    (FLOATS, FLOATS, FLOATS, FLOATS, SIZES, COUNTS, COUNTS, int64[::1], int64[::1], float64[:, :, :, ::1]),
    in_order=True,
)
def _add_means(absolute, total, deviation, square, largest, zeros, nonfinite, sizes, places, totals):
    epochs, batches, seeds, tensors = total.shape
    for epoch in range(epochs):
        for batch in range(batches):
            for seed in range(seeds):
                for tensor in range(tensors):
                    at, size, sums = (epoch, batch, seed, tensor), sizes[tensor], totals[epoch, seed, tensor]
                    sums[places[0]] += absolute[at] / size
                    sums[places[1]] += total[at] / size
                    sums[places[2]] += np.sqrt(deviation[at] / size)
                    sums[places[3]] += np.sqrt(np.float32(square[at]))
                    sums[places[4]] += largest[at]
                    sums[places[5]] += zeros[at] / size
                    sums[places[6]] += nonfinite[at]


@compiled((BATCHES, int64[::1], int32[:, :, ::1], int64[:, :, ::1]))
def _count_zeros_of_all(rows, ends, seen, counted):
    epochs, batches, seeds, numbers = rows.shape
    for epoch in range(epochs):
        for seed in range(seeds):
            for first in range(0, numbers, BUFFERED):
                here = seen[epoch, seed, first : first + BUFFERED]
                for batch in range(batches):
                    bits = rows[epoch, batch, seed, first : first + BUFFERED].view(np.int32)
                    for i in range(len(here)):
                        here[i] |= bits[i] & SIZE
            begin = 0
            for tensor in range(len(ends)):
                counted[epoch, seed, tensor] = (seen[epoch, seed, begin : ends[tensor]] == 0).sum()
                begin = ends[tensor]


@compiled((BATCHES, int64[::1], uint32[::1], uint64[:, :, :, ::1]))
def _count_bins(rows, ends, octaves, counted):
    epochs, batches, seeds, _ = rows.shape
    places, pairs = np.empty(BUFFERED, np.uint32), np.zeros(BINS * BINS, np.uint32)
    for epoch in range(epochs):
        for seed in range(seeds):
            begin = 0
            for tensor in range(len(ends)):
                of_tensor = counted[epoch, seed, tensor]
                paired = batches * (ends[tensor] - begin) >= MIN_PAIRED
                for batch in range(batches):
                    bits = rows[epoch, batch, seed, begin : ends[tensor]].view(np.uint32)
                    for first in range(0, len(bits), BUFFERED):
                        part = bits[first : first + BUFFERED]
                        for i in range(len(part)):  # by itself, as the loop behind it is made of vectors then
                            places[i] = octaves[part[i] >> EXPONENT]
                        for i in range(len(part)):
                            is_above = np.uint32((part[i] & MANTISSA) >= places[i] >> BIN_BITS)
                            is_negative = part[i] >> SIGN
                            places[i] = (places[i] + is_above * (ONE - is_negative - is_negative)) & LAST_BIN
                        half = len(part) // 2 if paired else 0
                        for i in range(half):
                            pairs[(places[i] << BIN_BITS) + places[half + i]] += ONE
                        for i in range(2 * half, len(part)):
                            of_tensor[places[i]] += ONE
                if paired:
                    square = pairs.reshape((BINS, BINS))
                    of_tensor += square.sum(axis=0) + square.sum(axis=1)
                    pairs[:] = 0
                begin = ends[tensor]
