"""Rows: the recorded rows of one kind of series of one run, with their epochs."""

from typing import NamedTuple

import numpy as np


class Rows(NamedTuple):
    """The recorded rows of one kind of series of one run.

    Attributes:
        epochs: (rows,) int64, rising; 0 is the state before the first update.
        values: (rows, ...) float32, read-only: row i was measured in epochs[i].
    """

    epochs: np.ndarray
    values: np.ndarray
