"""Histories of one run that follow each other, as one."""

from collections.abc import Sequence

import numpy as np

from gradlab.measurement.history import History


def joined(parts: Sequence[History]) -> History:
    """Return consecutive epochs of a run as one history, in the layout of the first."""
    first = parts[0]
    series = {kind: np.concatenate([part.series[kind] for part in parts]) for kind in first.series}
    return History(first.layout, first.first_epoch, np.concatenate([part.metrics for part in parts]), series)
