"""Samples as a user holds them: arrays of features, and targets in the form that the loss takes."""

from typing import Any

import keras
import numpy as np

from gradlab.spec import ExperimentSpec

Pair = tuple[np.ndarray, np.ndarray]


def arrays_of(spec: ExperimentSpec) -> tuple[Pair, Pair]:
    """Return (x, y) of the training and of the validation samples.

    x is (samples, *features) float32. y is one-hot, (samples, *steps, classes), for a loss with a unit for each class;
    0 or 1, (samples, *steps), for a single unit; as the dataset has them for labels and values.
    """
    data = spec.dataset.load()

    def encoded(y: np.ndarray) -> Any:
        if spec.dataset.target.kind != "classes" or not spec.one_hot:
            return y
        return keras.utils.to_categorical(y, spec.dataset.target.count)

    return (data.train_x, encoded(data.train_y)), (data.val_x, encoded(data.val_y))
