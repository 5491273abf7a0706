"""Gradient statistics inside a traced program, computed together for tensors of equal size.

Twelve tensors with seven statistics each would need 84 small reductions. Stacked by size, tensors of one size need
seven, at any depth of the network. The first axis of every array runs over the seeds that train side by side.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import ops, tree

from gradlab.keras import large
from gradlab.keras.backends import backend
from gradlab.keras.namespace import PaddedNamespace, xp
from gradlab.measurement.statistics import MEAN_GRADIENT_STATISTICS
from gradlab.measurement.statistics import histogram as count
from gradlab.measurement.statistics.gradients import MIN_LARGE

# Tensors with fewer entries are padded to the longest of them and measured together.
SMALL = 256
# Entries from which on the copy of a tensor costs more than to count those of one size together saves.
MAX_STACKED = 4_096


def gradients(tensors: Sequence[Any], *, few_passes: bool = False) -> Any:
    """Return the statistics of a mini-batch's gradients: (seeds, tensors, statistics), from (seeds, *shape) each.

    A tensor without a gradient (None), on which the loss does not depend, has NaN.

    Args:
        tensors: the gradients.
        few_passes: True to measure large tensors in few passes over memory: equal but for rounding.
    """

    def columns(names: Any, x: Any) -> list[Any]:
        return large.gradient_columns(x) if few_passes and x.shape[-1] >= MIN_LARGE else _columns(names, x)

    stacked = MIN_LARGE if few_passes else None
    return ops.stack(_marked(tensors, _by_size(columns, _filled(tensors), stacked)), axis=-1)


def _columns(names: Any, x: Any) -> list[Any]:
    return [each.compute(x, names) for each in MEAN_GRADIENT_STATISTICS]


def _marked(tensors: Sequence[Any], columns: list[Any]) -> list[Any]:
    """The columns with NaN for tensors that are None."""
    missing = np.array([tensor is None for tensor in tensors])
    return [ops.where(missing, np.float32(np.nan), column) for column in columns] if missing.any() else columns


def dense(gradient: Any) -> Any:
    """Return the gradient as a dense tensor. An embedding's gradient has only the rows that were looked up."""
    return backend.dense(gradient)


def norms(tensors: Sequence[Any]) -> Any:
    """Return the L2 norm of each gradient: (seeds, tensors), from (seeds, *shape) each."""
    return _by_size(lambda names, x: names.sqrt(names.sum(names.square(x), axis=-1)), tensors)


def histograms(tensors: Sequence[Any], *, few_passes: bool = False) -> Any:
    """Return the histogram of each tensor: (seeds, tensors, bins), from (seeds, *shape) each; zeros for None.

    Args:
        tensors: the tensors.
        few_passes: True to count those of many entries as the backend does it fastest, and not to stack them.
    """

    def counted(names: Any, x: Any) -> Any:
        return backend.bin_counts(x) if few_passes and x.shape[-1] > SMALL else count(x, names)

    nothing = [tensor is None for tensor in tensors]
    rows = _by_size(counted, _filled(tensors), MAX_STACKED if few_passes else None)
    return ops.where(np.array(nothing)[:, None], 0.0, rows) if any(nothing) else rows


def _filled(tensors: Sequence[Any]) -> list[Any]:
    """Return the tensors with zeros, (seeds, 1), in place of None."""
    seeds = next(tensor.shape[0] for tensor in tensors if tensor is not None)
    return [ops.zeros((seeds, 1)) if tensor is None else tensor for tensor in tensors]


def _by_size(statistics: Callable[[Any, Any], Any], tensors: Sequence[Any], max_stacked: int | None = None) -> Any:
    """Apply `statistics(namespace, rows)` to all small tensors at once, and to larger ones grouped by size.

    Args:
        statistics: a function from tensors of one size, (seeds, tensors, n), to arrays of (seeds, tensors, ...).
        tensors: (seeds, *shape) each.
        max_stacked: tensors from so many entries on are not stacked, which would copy them; None to stack all.

    Returns:
        The arrays of `statistics` for all tensors, in their order.
    """
    rows = [ops.reshape(tensor, (tensor.shape[0], -1)) for tensor in tensors]
    sizes: dict[tuple[int, int], list[int]] = {}
    for place, row in enumerate(rows):
        entries = row.shape[1]
        alone = place + 1 if max_stacked is not None and entries >= max_stacked else 0
        sizes.setdefault((max(SMALL, entries), alone), []).append(place)
    blocks = []
    for places in sizes.values():
        lengths = [rows[place].shape[1] for place in places]
        names = xp if len(set(lengths)) == 1 else PaddedNamespace(lengths)
        is_alone = max_stacked is not None and len(places) == 1
        together = rows[places[0]][:, None] if is_alone else _padded_stack([rows[place] for place in places])
        blocks.append(statistics(names, together))
    order = np.argsort([place for places in sizes.values() for place in places])

    def in_order(*parts: Any) -> Any:
        joined = ops.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
        return joined if (order == np.arange(len(order))).all() else ops.take(joined, order, axis=1)

    return tree.map_structure(in_order, *blocks)


def _padded_stack(tensors: Sequence[Any]) -> Any:
    """Stack flat tensors, (seeds, n) each, to (seeds, tensors, longest). Padding repeats the very first entry."""
    lengths = [tensor.shape[1] for tensor in tensors]
    if len(set(lengths)) == 1:
        return ops.stack(tensors, axis=1)
    begins = np.cumsum([0, *lengths[:-1]])
    column = np.arange(max(lengths))
    where = np.where(column < np.array(lengths)[:, None], begins[:, None] + column, 0)
    return ops.take(ops.concatenate(tensors, axis=1), where.astype(np.int32), axis=1)
