"""What was measured: arrays with names, from the training program to the chart.

NaN and infinities are measurements like any other: they are kept bit for bit, never dropped and never repaired.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

StoppedBy = Literal["nonfinite"]


@dataclass(frozen=True)
class Tensor:
    """One trainable tensor of a network.

    Attributes:
        layer: the layer's name as a reader counts it: ``dense_1`` is the one next to the input.
        parameter: ``kernel``, ``bias``, ``gamma`` or ``beta``.
        shape: its shape, in Keras's order of axes.
    """

    layer: str
    parameter: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """The names along the axes of a history's arrays. One layout serves all runs of an experiment.

    Attributes:
        metrics: ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``.
        tensors: the trainable tensors, input side first.
        statistics: the names on the shelf `core.statistics`.
    """

    metrics: tuple[str, ...]
    tensors: tuple[Tensor, ...]
    statistics: tuple[str, ...]


@dataclass(frozen=True)
class EpochRecord:
    """What was measured in one epoch of one run.

    Attributes:
        epoch: counted from 1.
        metrics: metric name -> mean over the epoch's samples (training, while the weights move) or over all
            validation samples (at the epoch's end).
        gradients: (tensors, statistics) float32, each the mean over the epoch's mini-batches.
    """

    epoch: int
    metrics: dict[str, float]
    gradients: np.ndarray


@dataclass(frozen=True, eq=False)
class History:
    """Consecutive epochs of one run.

    Attributes:
        layout: the names along the axes.
        first_epoch: the epoch of the first row, counted from 1.
        metrics: (epochs, metrics) float32.
        gradients: (epochs, tensors, statistics) float32.
    """

    layout: Layout
    first_epoch: int
    metrics: np.ndarray
    gradients: np.ndarray

    def __len__(self) -> int:
        return len(self.metrics)

    @property
    def last_epoch(self) -> int:
        """The epoch of the last row; `first_epoch` - 1 where there is none."""
        return self.first_epoch + len(self) - 1

    def __iter__(self) -> Iterator[EpochRecord]:
        for row, (metrics, gradients) in enumerate(zip(self.metrics, self.gradients, strict=True)):
            named = dict(zip(self.layout.metrics, map(float, metrics), strict=True))
            yield EpochRecord(epoch=self.first_epoch + row, metrics=named, gradients=gradients)


@dataclass(frozen=True)
class Checkpoint:
    """Everything needed to go on as if nothing had happened.

    Attributes:
        seed: the run that was being trained; runs listed before it in the spec are complete.
        epoch: the last epoch that is contained.
        state: weights, optimiser slots and random states, as an NPZ archive without pickles.
    """

    seed: int
    epoch: int
    state: bytes


@dataclass(frozen=True, eq=False)
class Chunk:
    """A block of consecutive epochs of one run, as one call of the compiled program measured it.

    Attributes:
        seed: whose run.
        history: the epochs.
        run_ended: nothing follows in this run.
        stopped_by: why it ended before its last epoch, if it did.
        compiled: the program was compiled by XLA; False where it fell back to a plain graph.
        checkpoint: takes a checkpoint after these epochs; only callable until the next chunk is asked for.
    """

    seed: int
    history: History
    run_ended: bool
    stopped_by: StoppedBy | None
    compiled: bool
    checkpoint: Callable[[], Checkpoint]


def first_nonfinite(values: np.ndarray) -> tuple[int, str] | None:
    """The index of the first value that is not finite, and what it is: ``nan``, ``inf`` or ``-inf``."""
    (where,) = np.nonzero(~np.isfinite(values))
    if not len(where):
        return None
    value: Any = values[where[0]]
    return int(where[0]), "nan" if np.isnan(value) else ("inf" if value > 0 else "-inf")
