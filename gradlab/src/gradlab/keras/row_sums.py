"""Sums over rows of gradients, by NumPy: those of the batches of several records at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from gradlab.keras.readings import L2, MAX_ABS, MIN_CLIPPED, NONFINITE, Readings
from gradlab.measurement.statistics import (
    BIN_NAMES,
    MEAN_GRADIENT_STATISTICS,
    UNION_GRADIENT_STATISTICS,
    Statistic,
    bins,
)


@dataclass(frozen=True, eq=False)
class Batches:
    """The gradients of a record's batches.

    Attributes:
        values: (batches, size) the entries, tensors of one size side by side.
        present: (batches, tensors) True for those with a gradient.
        after: (batches,) the norms after clipping, below 0 where nothing clips.
        counts: (batches,) True for those that count in the record.
        places: (batches,) their places in the training, counted from 0.
        has_histograms: True if the record has histograms of its gradients.
    """

    values: np.ndarray
    present: np.ndarray
    after: np.ndarray
    counts: np.ndarray
    places: np.ndarray
    has_histograms: bool


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over batches of a record.

    Attributes:
        readings: the sums, without the statistics of all batches together.
        ever: (size,) True for entries that were once not 0.
    """

    readings: Readings
    ever: np.ndarray

    def add(self, later: "Sums") -> "Sums":
        """Return the sums together with those of later batches of the same record."""
        a, b = self.readings, later.readings
        names = ["means", "counts", "zero", "norms", *(["histograms"] if a.histograms is not None else [])]
        together = replace(a, **{name: getattr(a, name) + getattr(b, name) for name in names})
        return Sums(together, self.ever | later.ever)


class RowLayout:
    """The places of tensors in a row: the smaller ones first, so that those of one size lie side by side.

    Args:
        sizes: the numbers of the tensors' entries.

    Attributes:
        order: the index of the tensor at each place of a row.
        size: the number of entries of all tensors together.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self.order = sorted(range(len(sizes)), key=lambda place: sizes[place])
        self.size = sum(sizes)
        self._back = np.argsort(self.order)
        self._groups: list[tuple[int, int]] = []  # the size of the tensors of a group, and their number
        for size, group in groupby(sizes[place] for place in self.order):
            self._groups.append((size, len(list(group))))
        self._tensor_of_entry = np.repeat(self.order, [sizes[place] for place in self.order])

    def statistics(self, rows: np.ndarray, statistics: Sequence[Statistic]) -> np.ndarray:
        """Return statistics of each tensor in each row: (rows, tensors, statistics) float32."""
        parts, begin = [], 0
        with np.errstate(all="ignore"):
            for size, count in self._groups:
                g = rows[:, begin : begin + size * count].reshape(len(rows), count, size)
                parts.append(np.stack([each.compute(g, np) for each in statistics], axis=-1).astype(np.float32))
                begin += size * count
        return np.concatenate(parts, axis=1)[:, self._back]

    def histograms(self, rows: np.ndarray, present: np.ndarray, records: np.ndarray, count: int) -> np.ndarray:
        """Return the counts in each bin over the rows of each record: (records, tensors, bins) float32.

        Args:
            rows: (rows, size).
            present: (rows, tensors) True for tensors with a gradient.
            records: (rows,) from 0 to `count` - 1.
            count: the number of records.
        """
        tensors, width = present.shape[1], len(BIN_NAMES)
        cells = bins(rows) + (records[:, None] * tensors + self._tensor_of_entry) * width
        cells = cells[~np.isnan(rows) & present[:, self._tensor_of_entry]]
        shape = count, tensors, width
        return np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape).astype(np.float32)

    def sums(self, records: Sequence[Batches]) -> tuple[list[Sums], np.ndarray]:
        """Return the sums over each record's batches; and (batches, 3): the place, norm and non-finite entries of each.

        Args:
            records: the batches of each record.
        """
        values, present, after, counts, places = (
            np.concatenate([getattr(each, name) for each in records])
            for name in ("values", "present", "after", "counts", "places")
        )
        statistics = self.statistics(values, MEAN_GRADIENT_STATISTICS)
        statistics[~present] = 0
        norms = _norms(statistics, after)
        of_each = np.repeat(np.arange(len(records)), [len(each.counts) for each in records])[counts]
        zero = (statistics[:, :, MAX_ABS] == 0) & present
        means, of_tensors, zeros, of_norms = (
            _by_record(each[counts].astype(np.float32), of_each, len(records))
            for each in (statistics, present, zero, norms)
        )
        ever = _by_record((values[counts] != 0).astype(np.float32), of_each, len(records)) > 0
        histograms = None
        if any(each.has_histograms for each in records):
            histograms = self.histograms(values[counts], present[counts], of_each, len(records))
        sums = [
            Sums(
                Readings(
                    means[row],
                    of_tensors[row],
                    zeros[row],
                    of_norms[row],
                    histograms=histograms[row] if histograms is not None and each.has_histograms else None,
                ),
                ever[row],
            )
            for row, each in enumerate(records)
        ]
        return sums, np.stack([places, norms[:, 0], statistics[:, :, NONFINITE].sum(axis=1)], axis=1)

    def readings(self, sums: Sequence[Sums]) -> list[Readings]:
        """Return the readings of records, with the statistics of all their batches together."""
        unions = self.statistics(np.stack([each.ever for each in sums]).astype(np.float32), UNION_GRADIENT_STATISTICS)
        return [replace(each.readings, union=union) for each, union in zip(sums, unions, strict=True)]


def _norms(statistics: np.ndarray, after: np.ndarray) -> np.ndarray:
    """(batches, 4): the norm before and after clipping, 1 for a clipped batch, and 1."""
    with np.errstate(all="ignore"):
        before = np.sqrt(np.square(statistics[:, :, L2]).sum(axis=1))
        received = np.where(after < 0, before, after)
        clipped = received < before * np.float32(1 - MIN_CLIPPED)
    return np.stack([before, received, clipped, np.ones_like(before)], axis=1)


def _by_record(values: np.ndarray, records: np.ndarray, count: int) -> np.ndarray:
    """Add up the rows of each record, which follow each other: (count, ...); 0 for a record without rows."""
    sums = np.zeros((count, *values.shape[1:]), values.dtype)
    if len(values):
        some, begins = np.unique(records, return_index=True)
        with np.errstate(all="ignore"):
            sums[some] = np.add.reduceat(values, begins, axis=0)
    return sums
