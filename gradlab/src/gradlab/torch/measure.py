"""Statistics of many tensors at once, on their device.

The tensors of a network lie one after another in one flat row, ordered by size. Tensors of one size are then a view of
(rows, tensors, n), for which each statistic takes one operation. Nothing here waits for the device.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

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
from gradlab.torch.namespace import Namespace


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

    def __len__(self) -> int:
        return len(self._sizes)

    def flat(self, tensors: Sequence[torch.Tensor | None], like: torch.Tensor) -> torch.Tensor:
        """Return tensors as one row, (size,), with zeros in the place of None. A sparse tensor is written densely.

        Args:
            tensors: in their own order.
            like: a tensor of the row's precision, on its device.
        """
        ordered = [tensors[place] for place in self.order]
        if all(_is_plain(x, like) for x in ordered):
            return torch._C._nn.flatten_dense_tensors(ordered)
        parts = [self._part(x, self._sizes[place], like) for x, place in zip(ordered, self.order, strict=True)]
        return torch.cat(parts)

    def by_tensor(self, compute: Callable[..., torch.Tensor], *rows: torch.Tensor) -> torch.Tensor:
        """Apply `compute` to tensors of one size at a time.

        Args:
            compute: from arrays of (rows, tensors, n) to one of (rows, tensors, ...).
            rows: (rows, size) each.

        Returns:
            The results of all tensors in their own order: (rows, tensors, ...).
        """
        results, begin, place = [], 0, 0
        while place < len(self.order):
            size = self._sizes[self.order[place]]
            count = sum(1 for each in self.order[place:] if self._sizes[each] == size)
            end = begin + size * count
            results.append(compute(*(each[:, begin:end].reshape(len(each), count, size) for each in rows)))
            begin, place = end, place + count
        return torch.cat(results, dim=1)[:, self._back]

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


def _is_plain(tensor: torch.Tensor | None, like: torch.Tensor) -> bool:
    """True for a dense tensor of the precision and on the device of `like`."""
    return (
        tensor is not None
        and tensor.dtype == like.dtype
        and tensor.layout == torch.strided
        and tensor.device == like.device
    )


def gradients(rows: torch.Tensor, layout: FlatLayout) -> torch.Tensor:
    """Statistics that are means over the batches: (rows, size) -> (rows, tensors, statistics)."""
    return layout.by_tensor(lambda g: _columns(MEAN_GRADIENT_STATISTICS, g), rows)


def unions(seen: torch.Tensor, layout: FlatLayout, dtype: torch.dtype) -> torch.Tensor:
    """Statistics of the union of all batches: (size,) True where a gradient was not 0 -> (tensors, statistics)."""
    return layout.by_tensor(lambda g: _columns(UNION_GRADIENT_STATISTICS, g), seen.to(dtype)[None])[0]


def weights(row: torch.Tensor, earlier: torch.Tensor, layout: FlatLayout) -> torch.Tensor:
    """Statistics of weights and of their change: two rows of (size,) -> (tensors, statistics)."""
    return layout.by_tensor(lambda w, v: _columns(WEIGHT_STATISTICS, w, v), row[None], earlier[None])[0]


def histograms(rows: torch.Tensor, layout: FlatLayout) -> torch.Tensor:
    """Counts in each bin over all rows: (rows, size) -> (tensors, bins) int64. A NaN is in no bin."""
    return layout.by_tensor(lambda x: _counts(x.transpose(0, 1).flatten(1))[None], rows)[0]


def _counts(x: torch.Tensor) -> torch.Tensor:
    """Counts of the entries of (tensors, n) in each bin: (tensors, bins) int64."""
    edges = torch.as_tensor(EDGES, device=x.device).to(x.dtype)
    bins = torch.bucketize(x.contiguous(), edges, right=True)  # bin i holds EDGES[i - 1] ≤ x < EDGES[i]
    counts = torch.zeros(len(x), len(BIN_NAMES), dtype=torch.int64, device=x.device)
    return counts.scatter_add_(1, bins, (~torch.isnan(x)).to(torch.int64))


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
