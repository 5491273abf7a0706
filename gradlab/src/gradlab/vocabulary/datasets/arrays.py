"""Dataset: training and validation samples as arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradlab.measurement.plane import axes_around

# An array, or a tuple of arrays in the order of a spec's inputs or outputs where there are several.
Arrays = Any


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training samples, and validation samples, which are also the test samples.

    With several inputs `train_x` and `val_x` are tuples of such arrays in the order of `ExperimentSpec.inputs`, with
    several outputs `train_y` and `val_y` tuples in the order of `ExperimentSpec.outputs`.

    Attributes:
        train_x: (train, *feature_shape) float32.
        train_y: classes: (train, *steps) int64, counted from 0; labels: (train, *steps, labels) float32, 0 or 1;
            values: (train, *steps, values) float32.
        val_x: (validation, *feature_shape) float32.
        val_y: as `train_y`, of the validation samples.
        train_weight: (train,) float32, each sample's weight in the loss; None for equal weights.
        val_weight: as `train_weight`, of the validation samples.
    """

    train_x: Arrays
    train_y: Arrays
    val_x: Arrays
    val_y: Arrays
    train_weight: np.ndarray | None = None
    val_weight: np.ndarray | None = None

    @property
    def counts(self) -> tuple[int, int]:
        """The numbers of training and of validation samples."""
        train, val = (y[0] if isinstance(y, tuple) else y for y in (self.train_y, self.val_y))
        return len(train), len(val)

    def plane(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the axes of a grid around all samples of two inputs: (32,) float32 for each input."""
        return axes_around(np.concatenate([self.train_x, self.val_x]))
