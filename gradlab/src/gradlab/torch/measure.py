"""Statistics of many tensors at once, on their device.

The tensors of a network lie one after another in one flat row, ordered by size. Tensors of one size are then a view of
(rows, tensors, n), for which each statistic takes one operation. Nothing here waits for the device.
"""

import itertools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from gradlab.measurement.statistics import (
    ACTIVATION_STATISTICS,
    BIN_NAMES,
    EDGES,
    MEAN_GRADIENT_STATISTICS,
    SIGNAL_STATISTICS,
    UNION_GRADIENT_STATISTICS,
    WEIGHT_STATISTICS,
    Flow,
    Statistic,
)
from gradlab.measurement.statistics.gradients import MAX_MEAN_SHARE, MAX_PIECE, MIN_LARGE, std
from gradlab.measurement.statistics.statistic import nonfinite
from gradlab.torch.namespace import Namespace
from gradlab.watch.sampling import stride_of


class FlatLayout:
    """The places of tensors in a flat row.

    Args:
        shapes: the shapes of the tensors.

    Attributes:
        size: the number of entries of all tensors together.
        order: the index of the tensor at each place of a row: the smaller ones first.
    """

    def __init__(self, shapes: Sequence[Sequence[int]]) -> None:
        self._sizes = [math.prod(shape) for shape in shapes]
        self.size = sum(self._sizes)
        self.order = sorted(range(len(shapes)), key=lambda place: self._sizes[place])
        self._back = sorted(range(len(shapes)), key=lambda place: self.order[place])
        self._is_ordered = self.order == self._back == list(range(len(shapes)))
        # Of a single tensor the getter would return no tuple; then they are ordered.
        self._in_order: Callable[[Sequence[Any]], Any] = operator.itemgetter(*self.order) if self.order else list
        # Tensors of one size: where they begin in a row, where they end, and how many they are.
        self._groups: list[tuple[int, int, int]] = []
        for size, group in itertools.groupby(self.order, key=lambda place: self._sizes[place]):
            begin, count = self._groups[-1][1] if self._groups else 0, len(list(group))
            self._groups.append((begin, begin + size * count, count))

    def __len__(self) -> int:
        return len(self._sizes)

    def flat(
        self, tensors: Sequence[torch.Tensor | None], like: torch.Tensor, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return tensors as one row, (size,), with zeros in the place of None. A sparse tensor is written densely.

        Args:
            tensors: in their own order.
            like: a tensor of the row's precision, on its device.
            out: a row to write to; None for a new one.
        """
        row = None if out is not None else self.joined(tensors, like)
        return self.copied(tensors, like, out) if row is None else row

    def copied(
        self, tensors: Sequence[torch.Tensor | None], like: torch.Tensor, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return tensors as `flat` does, one by one: those that `joined` does not take."""
        parts = [self._part(tensors[place], self._sizes[place], like) for place in self.order]
        return torch.cat(parts, out=out)

    def joined(self, tensors: Sequence[torch.Tensor | None], like: torch.Tensor) -> torch.Tensor | None:
        """Return tensors as `flat` does; None if one of them is missing, sparse or of another precision or device."""
        first = tensors[0] if tensors else None
        if first is None or first.dtype is not like.dtype:
            return None  # without having copied them in vain
        try:
            row = torch._C._nn.flatten_dense_tensors(tensors if self._is_ordered else self._in_order(tensors))
        except (TypeError, RuntimeError):
            return None
        if row.dtype is not like.dtype or row.device != like.device or row.numel() != self.size:
            return None
        return row if len(tensors) > 1 else row.clone()  # of a single tensor it is a view

    def by_tensor(self, compute: Callable[..., torch.Tensor], *rows: torch.Tensor) -> torch.Tensor:
        """Apply `compute` to tensors of one size at a time.

        Args:
            compute: from arrays of (rows, tensors, n) to one of (rows, tensors, ...).
            rows: (rows, size) each.

        Returns:
            The results of all tensors in their own order: (rows, tensors, ...).
        """
        results = [
            compute(*(each[:, begin:end].reshape(len(each), count, (end - begin) // count) for each in rows))
            for begin, end, count in self._groups
        ]
        joined = torch.cat(results, dim=1) if len(results) > 1 else results[0]
        return joined if self._is_ordered else joined[:, self._back]

    def tensors(self, row: torch.Tensor) -> list[torch.Tensor]:
        """Return the flat tensors of one row, (size,), in their own order."""
        parts = torch.split(row, [self._sizes[place] for place in self.order])
        return [parts[place] for place in self._back]

    def spread(self, by_tensor: torch.Tensor) -> torch.Tensor:
        """Repeat one value for each tensor: (rows, tensors) -> (rows, size)."""
        parts = [by_tensor[:, place, None].expand(-1, self._sizes[place]) for place in self.order]
        return torch.cat(parts, dim=1)

    @staticmethod
    def _part(tensor: torch.Tensor | None, size: int, like: torch.Tensor) -> torch.Tensor:
        if tensor is None:
            return torch.zeros(size, dtype=like.dtype, device=like.device)
        if tensor.layout != torch.strided:
            tensor = tensor.to_dense()
        return tensor.reshape(-1).to(like.device, like.dtype)


def gradients(rows: torch.Tensor, layout: FlatLayout, present: torch.Tensor | None = None) -> torch.Tensor:
    """Statistics that are means over the batches: (rows, size) -> (rows, tensors, statistics).

    Args:
        rows: the gradients.
        layout: the tensors in a row.
        present: (rows, size) True where an entry is not 0; None to find out.
    """

    def columns(g: torch.Tensor, is_there: torch.Tensor) -> torch.Tensor:
        is_large = g.shape[-1] >= MIN_LARGE and g.device.type == "cpu"
        return _of_large(g, is_there) if is_large else _columns(MEAN_GRADIENT_STATISTICS, g)

    return layout.by_tensor(columns, rows, rows.bool() if present is None else present)


def _of_large(g: torch.Tensor, is_there: torch.Tensor) -> torch.Tensor:
    """The same statistics of a tensor that the processor's caches do not hold, where the formulas take 25 passes.

    It is read once: all sums of a piece are taken while that is in the caches. The deviation is that of E[g²] − E[g]²,
    unless the mean is so large beside it that float32 would lose digits.
    """
    rows, tensors, n = g.shape
    sums = torch.stack([_sums(each) for each in g.flatten(0, 1)]).reshape(rows, tensors, -1)
    total, sizes, l2, largest = sums.unbind(dim=-1)
    # NumPy counts five times faster.
    there = torch.tensor([[np.count_nonzero(each) for each in row] for row in is_there.numpy()], dtype=g.dtype)
    mean = total / n
    squares = torch.square(l2 / math.sqrt(n))  # not l2²/n, which leaves float32 earlier
    of_mean = torch.square(mean)
    names = Namespace(g)
    by_name = {
        "mean_abs": sizes / n,
        "mean": mean,
        "std": torch.sqrt(torch.clamp(squares - of_mean, min=0)),
        "l2": l2,
        "max_abs": largest,
        "zero_fraction": (n - there) / n,
        "nonfinite": torch.zeros_like(mean),
    }
    if not bool(torch.isfinite(sizes).all()):
        by_name["nonfinite"] = nonfinite(g, names)
    if bool((of_mean > MAX_MEAN_SHARE * squares).any()):
        by_name["std"] = std(g, names)
    return _stacked([by_name[each.name] for each in MEAN_GRADIENT_STATISTICS])


def _sums(g: torch.Tensor) -> torch.Tensor:
    """(4,): Σg, Σ|g|, √Σg² and max|g| of (n,)."""
    parts = torch.stack([_sums_of_piece(piece) for piece in g.split(MAX_PIECE)], dim=1)  # (4, pieces)
    return torch.stack([*parts[:2].sum(dim=1), torch.linalg.vector_norm(parts[2]), parts[3].amax()])


def _sums_of_piece(g: torch.Tensor) -> torch.Tensor:
    size = torch.abs(g)  # several times faster than the norms of these orders
    return torch.stack([g.sum(), size.sum(), torch.linalg.vector_norm(g), size.amax()])


def unions(seen: torch.Tensor, layout: FlatLayout, dtype: torch.dtype) -> torch.Tensor:
    """Statistics of unions of batches: (rows, size) True where a gradient was not 0 -> (rows, tensors, statistics)."""
    return layout.by_tensor(lambda g: _columns(UNION_GRADIENT_STATISTICS, g), seen.to(dtype))


def weights(rows: torch.Tensor, earlier: torch.Tensor, layout: FlatLayout) -> torch.Tensor:
    """Statistics of weights and of their change: (rows, size) twice -> (rows, tensors, statistics)."""
    return layout.by_tensor(lambda w, v: _columns(WEIGHT_STATISTICS, w, v), rows, earlier)


def histograms(
    rows: torch.Tensor, layout: FlatLayout, places: torch.Tensor, count: int, max_counted: int | None = None
) -> torch.Tensor:
    """Counts in each bin over the rows of each place: (rows, size) -> (count, tensors, bins) float32.

    A NaN is in no bin.

    Args:
        rows: the entries.
        layout: the tensors in a row.
        places: (rows,) from 0 to `count` - 1.
        count: the number of places.
        max_counted: entries of a tensor that are counted at most, at equal distances; each then counts for several.
    """

    def counted(x: torch.Tensor) -> torch.Tensor:
        entries = x.shape[-1]
        stride = 1 if max_counted is None else stride_of(entries, max_counted)
        thinned = x[..., ::stride]
        return _counts(thinned, places, count) * (entries / max(1, thinned.shape[-1]))

    return layout.by_tensor(counted, rows)


def _counts(x: torch.Tensor, places: torch.Tensor, count: int) -> torch.Tensor:
    """Counts of the entries of (rows, tensors, n) in each bin: (count, tensors, bins) float32."""
    edges = torch.as_tensor(EDGES, device=x.device).to(x.dtype)
    bins = torch.bucketize(x.contiguous(), edges, right=True)  # bin i holds EDGES[i - 1] ≤ x < EDGES[i]
    tensors = x.shape[1]
    cells = places[:, None] * tensors + torch.arange(tensors, device=x.device)  # (rows, tensors)
    bins += cells[:, :, None] * len(BIN_NAMES)
    counts = torch.zeros(count * tensors * len(BIN_NAMES), dtype=torch.int64, device=x.device)
    counts.scatter_add_(0, bins.flatten(), (x == x).to(torch.int64).flatten())
    return counts.reshape(count, tensors, len(BIN_NAMES)).to(torch.float32)


def activations(flow: Flow) -> torch.Tensor:
    """Statistics of one layer's activations: (statistics,)."""
    return _stacked([each.compute(flow, Namespace(flow.h)) for each in ACTIVATION_STATISTICS])


def signals(delta: torch.Tensor) -> torch.Tensor:
    """Statistics of one layer's back-propagated signal: (..., samples, units) -> (..., statistics)."""
    return _columns(SIGNAL_STATISTICS, delta)


def _columns(statistics: Sequence[Statistic], *arrays: torch.Tensor) -> torch.Tensor:
    """Statistics along a new last axis."""
    return _stacked([each.compute(*arrays, Namespace(arrays[0])) for each in statistics])


def _stacked(columns: Sequence[Any]) -> torch.Tensor:
    dtype = next((each.dtype for each in columns if each.is_floating_point()), torch.float32)
    return torch.stack([each.to(dtype) for each in columns], dim=-1)
