"""Selection of epochs: the axis that all runs of a response share."""

from dataclasses import dataclass

import numpy as np

from gradlab.errors import Invalid, Problem
from gradlab.measurement.history import first_nonfinite
from gradlab.measurement.rows import Rows
from gradlab.schemas.series import NonfiniteResponse, SamplingResponse


@dataclass(frozen=True)
class Span:
    """Requested epochs.

    Attributes:
        from_epoch: the first.
        to_epoch: the last; None for no bound.
        max_points: maximum number of epochs; None for no bound.
    """

    from_epoch: int
    to_epoch: int | None
    max_points: int | None


@dataclass(frozen=True)
class Cut:
    """Selected epochs.

    Attributes:
        epochs: the common axis of all runs, (epochs,).
        sampling: the thinning by `max_points`; None if no epoch was left out.
    """

    epochs: np.ndarray
    sampling: SamplingResponse | None

    def of(self, rows: Rows) -> np.ndarray:
        """Select a run's values on the common axis. A run that ended early has fewer."""
        values: np.ndarray = rows.values[np.isin(rows.epochs, self.epochs, assume_unique=True)]
        return values

    def stacked(self, runs: dict[int, Rows], shape: tuple[int, ...]) -> dict[str, np.ndarray]:
        """Stack runs: `seeds`, `epochs`, `lengths`, and `values` (seeds, epochs, *shape), NaN after a run's end."""
        values = np.full((len(runs), len(self.epochs), *shape), np.nan, np.float32)
        lengths = np.zeros(len(runs), np.int64)
        for i, rows in enumerate(runs.values()):
            kept = self.of(rows)
            values[i, : len(kept)] = kept
            lengths[i] = len(kept)
        seeds = np.array(list(runs), np.int64)
        return {"seeds": seeds, "epochs": self.epochs.astype(np.int64), "lengths": lengths, "values": values}


def cut(runs: dict[int, Rows], span: Span) -> Cut:
    """Select the requested epochs among those that the longest run has recorded.

    Raises:
        Invalid: the span ends before it begins.
    """
    if span.to_epoch is not None and span.to_epoch < span.from_epoch:
        expected = f"an epoch from from_epoch on, {span.from_epoch}"
        raise Invalid(Problem("to_epoch", expected, str(span.to_epoch)))
    epochs = max((rows.epochs for rows in runs.values()), key=len, default=np.zeros(0, np.int64))
    epochs = epochs[epochs >= span.from_epoch]
    if span.to_epoch is not None:
        epochs = epochs[epochs <= span.to_epoch]
    if span.max_points is None or len(epochs) <= span.max_points:
        return Cut(epochs, None)
    kept = np.unique(np.linspace(0, len(epochs) - 1, span.max_points).round().astype(int))
    return Cut(epochs[kept], SamplingResponse(max_points=span.max_points, kept=len(kept), of=len(epochs)))


def nonfinite(epochs: np.ndarray, values: np.ndarray) -> NonfiniteResponse | None:
    """Return the first value of a run, (epochs,) or (epochs, n), that is not finite; None if all are."""
    per_epoch = values.size // max(1, len(values))
    first = first_nonfinite(values.reshape(-1))
    if first is None:
        return None
    index, kind = first
    return NonfiniteResponse.model_validate({"epoch": int(epochs[index // per_epoch]), "kind": kind})
