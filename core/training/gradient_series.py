"""The series that are measured from gradients, which come in pieces of an epoch's batches."""

from collections.abc import Sequence

import numpy as np

from core.training.clipping import clip
from core.training.measurers import FROM_GRADIENTS, GradientRows
from core.training.segments import Segments
from gradlab.measurement.history import SeriesLayout
from gradlab.measurement.kinds import GRADIENTS
from gradlab.vocabulary.optimizers import GradientOptimizer


class GradientSeries:
    """The series of some epochs' gradients: of several epochs as a whole, or of one in pieces.

    Pieces change no digit: a mean over batches is taken when all are there.

    Args:
        due: the layout of each kind, with the places of the epochs that it records.
        segments: the position of each tensor in a row.
        optimizer: clips the gradients.
    """

    def __init__(
        self, due: Sequence[tuple[SeriesLayout, list[int]]], segments: Segments, optimizer: GradientOptimizer
    ) -> None:
        self._due, self._segments, self._optimizer = due, segments, optimizer
        self._seen: dict[str, np.ndarray] = {}
        self._totals: dict[str, np.ndarray] = {}
        self._batches = 0
        self._norms: list[np.ndarray] = []

    def add(self, rows: np.ndarray, missing: np.ndarray) -> None:
        """Measure a piece.

        Args:
            rows: (epochs, batches, seeds, numbers) the gradient of each mini-batch, before clipping.
            missing: (tensors,) True for tensors without a gradient.
        """
        with np.errstate(all="ignore"):  # overflows and NaN are measured like any number
            sums = self._segments.sums(rows)
            for layout, due in self._due:
                of_due = (rows, sums) if len(due) == len(rows) else (rows[due], sums.at(due))
                if layout.kind not in self._seen:
                    self._seen[layout.kind] = np.zeros((len(due), *rows.shape[2:]), np.int32)
                    self._totals[layout.kind] = np.zeros((len(due), rows.shape[2], *layout.shape))
                kept = self._seen[layout.kind], self._totals[layout.kind]
                FROM_GRADIENTS[layout.kind].piece(GradientRows(layout, *of_due, missing, self._segments, *kept))
            self._batches += rows.shape[1]
            if GRADIENTS.name in self._totals:
                clipped = clip(rows, sums.length, self._optimizer, self._segments.spread, np)
                self._norms.append(np.stack([clipped.before, clipped.after, clipped.changed], axis=-1))

    def series(self) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
        """Join the pieces.

        Returns:
            Kind -> (recorded epochs, seeds, tensors, columns); and the gradient's norms, (epochs, seeds, 3): before and
            after clipping, and the share of mini-batches with a clipped gradient. None if gradients are not recorded.
        """
        with np.errstate(all="ignore"):
            joined = {kind: FROM_GRADIENTS[kind].joined(totals, self._batches) for kind, totals in self._totals.items()}
            return joined, np.concatenate(self._norms, axis=1).mean(axis=1) if self._norms else None
