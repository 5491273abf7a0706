"""Which epochs are answered: the axis that all runs of an answer share."""

from dataclasses import dataclass

import numpy as np

from core.records import Rows
from gradlab.errors import Invalid, Problem
from gradlab.measurement.history import first_nonfinite
from gradlab.schemas.series import NonfiniteResponse, SamplingResponse


@dataclass(frozen=True)
class Span:
    """The epochs that were asked for.

    Attributes:
        from_epoch: the first of them.
        to_epoch: the last of them; None for all that follow.
        max_points: thin out to so many; None for all.
    """

    from_epoch: int
    to_epoch: int | None
    max_points: int | None


@dataclass(frozen=True)
class Cut:
    """Which of the stored epochs are answered.

    Attributes:
        epochs: the common axis.
        sampling: what `max_points` left out; None if nothing.
    """

    epochs: np.ndarray
    sampling: SamplingResponse | None

    def of(self, rows: Rows) -> np.ndarray:
        """A run's values on the common axis; fewer where the run is shorter."""
        values: np.ndarray = rows.values[np.isin(rows.epochs, self.epochs, assume_unique=True)]
        return values

    def stacked(self, runs: dict[int, Rows], shape: tuple[int, ...]) -> dict[str, np.ndarray]:
        """Named arrays: `seeds`, `epochs`, `lengths`, and `values` (seeds, epochs, *shape), NaN after a run's last."""
        values = np.full((len(runs), len(self.epochs), *shape), np.nan, np.float32)
        lengths = np.zeros(len(runs), np.int64)
        for i, rows in enumerate(runs.values()):
            kept = self.of(rows)
            values[i, : len(kept)] = kept
            lengths[i] = len(kept)
        seeds = np.array(list(runs), np.int64)
        return {"seeds": seeds, "epochs": self.epochs.astype(np.int64), "lengths": lengths, "values": values}


def cut(runs: dict[int, Rows], span: Span) -> Cut:
    """The common axis of some runs: the recorded epochs of the longest that were asked for.

    Raises:
        Invalid: the epochs asked for end before they begin.
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
    """The first of a run's values that is not finite, as it is told beside the values: (epochs,) or (epochs, n)."""
    per_epoch = values.size // max(1, len(values))
    found = first_nonfinite(values.reshape(-1))
    if found is None:
        return None
    return NonfiniteResponse.model_validate({"epoch": int(epochs[found[0] // per_epoch]), "kind": found[1]})
