"""Windows: sequences cut from the prepared rows of a table."""

import numpy as np

from gradlab.vocabulary.datasets.uploaded import Window


def sequences(rows: np.ndarray, window: Window) -> np.ndarray:
    """Return the sequences of rows in order: (rows, *features) -> (sequences, steps, *features), a view."""
    count = window.count(len(rows))
    windows = np.lib.stride_tricks.sliding_window_view(rows, window.steps, axis=0)  # (begin, *features, steps)
    return np.moveaxis(windows, -1, 1)[:: window.stride][:count]


def answers(rows: np.ndarray, window: Window) -> np.ndarray:
    """Return what belongs to each sequence, of the row that is predicted: (rows, ...) -> (sequences, ...), a view."""
    return rows[window.steps - 1 + window.horizon :: window.stride][: window.count(len(rows))]
