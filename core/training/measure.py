"""The shelf's statistics inside a traced program, tensors of equal size together.

Twelve tensors with seven statistics each would be 84 small reductions; the tensors of one size stacked, they are seven,
however deep the network. Everywhere the seeds that train side by side are the first axis.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from core.statistics import (
    ACTIVATION_STATISTICS,
    GRADIENT_STATISTICS,
    SIGNAL_STATISTICS,
    WEIGHT_STATISTICS,
    Flow,
    Statistic,
)
from core.statistics import histogram as count
from core.training.namespace import PaddedNamespace, xp

# Tensors with fewer entries are filled up to the longest of them and measured together.
SMALL = 256


def gradients(tensors: Sequence[Any]) -> Any:
    """(seeds, tensors, statistics) of gradients, each (seeds, *shape).

    A tensor that has no gradient, because the loss does not depend on it, gives NaN.
    """
    rows = _by_size(_stacked(GRADIENT_STATISTICS), _filled(tensors))
    nothing = [tensor is None for tensor in tensors]
    return ops.where(np.array(nothing)[:, None], np.float32(np.nan), rows) if any(nothing) else rows


def dense(gradient: Any) -> Any:
    """The gradient as one tensor: an embedding's comes as the rows that were looked up."""
    return tf.convert_to_tensor(gradient) if isinstance(gradient, tf.IndexedSlices) else gradient


def norms(tensors: Sequence[Any]) -> Any:
    """(seeds, tensors): the L2 norm of each gradient; NaN where there is none."""
    found = [None if tensor is None else xp.sqrt(ops.sum(ops.square(_flat(tensor)), axis=1)) for tensor in tensors]
    seeds = next(norm.shape[0] for norm in found if norm is not None)
    return ops.stack([ops.full((seeds,), np.nan) if norm is None else norm for norm in found], axis=1)


def weights(after: Sequence[Any], before: Sequence[Any]) -> Any:
    """(seeds, tensors, statistics) of weights at an epoch's end and at its beginning, each (seeds, *shape)."""
    return _by_size(_stacked(WEIGHT_STATISTICS), after, before)


def histograms(tensors: Sequence[Any]) -> Any:
    """(seeds, tensors, bins): how the entries of each tensor, (seeds, *shape), are distributed; zeros for None."""
    nothing = [tensor is None for tensor in tensors]
    rows = _by_size(lambda names, x: count(x, names), _filled(tensors))
    return ops.where(np.array(nothing)[:, None], 0.0, rows) if any(nothing) else rows


def activations(flow: Flow) -> Any:
    """(seeds, layers, statistics) of what flows through layers, arrays of (seeds, layers, samples, units)."""
    return ops.stack([statistic.compute(flow, xp) for statistic in ACTIVATION_STATISTICS], axis=-1)


def signals(delta: Any) -> Any:
    """(seeds, layers, statistics) of the signal at layers, (seeds, layers, samples, units)."""
    return ops.stack([statistic.compute(delta, xp) for statistic in SIGNAL_STATISTICS], axis=-1)


def together(
    groups: Sequence[Sequence[int]],
    rows: Sequence[Sequence[Any]],
    statistics: Callable[..., Any],
    stack: Callable[[Sequence[Any]], Any] = partial(ops.stack, axis=1),
) -> Any:
    """Apply `statistics(places, *columns)` to groups of rows, stacked along axis 1, and put the answers in order.

    Args:
        groups: the places of the rows that can be stacked.
        rows: for each place its tensors, (seeds, *shape).
        statistics: answers (seeds, places, statistics).
        stack: how.
        stack: how.

    Returns:
        (seeds, places, statistics).
    """
    blocks = []
    for places in groups:
        columns = zip(*(rows[place] for place in places), strict=True)
        blocks.append(statistics(places, *map(stack, columns)))
    order = np.argsort([place for places in groups for place in places])
    found = ops.concatenate(blocks, axis=1) if len(blocks) > 1 else blocks[0]
    return found if (order == np.arange(len(order))).all() else ops.take(found, order, axis=1)


def _flat(tensor: Any) -> Any:
    return ops.reshape(tensor, (tensor.shape[0], -1))


def _filled(tensors: Sequence[Any]) -> list[Any]:
    """The tensors, with something of the right kind where there is none."""
    seeds = next(tensor.shape[0] for tensor in tensors if tensor is not None)
    return [ops.zeros((seeds, 1)) if tensor is None else tensor for tensor in tensors]


def _stacked(statistics: Sequence[Statistic]) -> Callable[..., Any]:
    """(seeds, tensors, statistics) from tensors of one size, (seeds, tensors, n)."""
    return lambda names, *tensors: ops.stack([each.compute(*tensors, names) for each in statistics], axis=-1)


def _by_size(statistics: Callable[..., Any], *columns: Sequence[Any]) -> Any:
    """Apply `statistics(namespace, *tensors)` to small tensors all at once, to larger ones by size."""
    rows = [[_flat(tensor) for tensor in row] for row in zip(*columns, strict=True)]
    sizes: dict[int, list[int]] = {}
    for place, (tensor, *_) in enumerate(rows):
        sizes.setdefault(max(SMALL, tensor.shape[1]), []).append(place)

    def of_group(places: Sequence[int], *tensors: Any) -> Any:
        lengths = [rows[place][0].shape[1] for place in places]
        return statistics(xp if len(set(lengths)) == 1 else PaddedNamespace(lengths), *tensors)

    return together(list(sizes.values()), rows, of_group, _padded_stack)


def _padded_stack(tensors: Sequence[Any]) -> Any:
    """(seeds, tensors, longest) of flat tensors, (seeds, n) each; filled up with whatever stands first."""
    lengths = [tensor.shape[1] for tensor in tensors]
    if len(set(lengths)) == 1:
        return ops.stack(tensors, axis=1)
    begins = np.cumsum([0, *lengths[:-1]])
    column = np.arange(max(lengths))
    where = np.where(column < np.array(lengths)[:, None], begins[:, None] + column, 0)
    return ops.take(ops.concatenate(tensors, axis=1), where.astype(np.int32), axis=1)
