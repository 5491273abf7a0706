"""The course of a cell's metric while it trains, by which it is compared with others."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from gradlab.diagnosis.outcome import RECENT
from gradlab.diagnosis.recorded import middle
from gradlab.measurement.rows import Rows


def course(runs: Sequence[Rows], columns: Sequence[int], epochs: Iterable[int]) -> Mapping[int, float]:
    """Return a metric by epoch: the median over the runs of what it would be if they ended there.

    Args:
        runs: the metrics of each run from epoch 0 on, (epochs, metrics). One that ended early keeps its last values,
            and one that has not begun does not count.
        columns: those of the metric; of several outputs one each, whose mean it is.
        epochs: the epochs, each reached by every other run.

    Returns:
        The metric in its own unit; NaN where it is finite in no run.
    """
    chosen = [(rows.epochs, rows.values[:, list(columns)]) for rows in runs]
    return {
        epoch: middle(np.array([_at_end(values[reached <= epoch][-RECENT:]) for reached, values in chosen]))
        for epoch in epochs
    }


def _at_end(recent: np.ndarray) -> float:
    """Return the mean over the columns of the median over the last epochs, (epochs, columns)."""
    return float(np.mean([middle(column) for column in recent.T]))
