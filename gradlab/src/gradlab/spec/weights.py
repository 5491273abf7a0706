"""Weights of samples in the loss, from the weights that a dataset's samples have and from those of its classes.

They count as Keras counts them: the loss of a batch is the sum of weight·loss, divided by the number of samples. They
are not normalised, and metrics are unweighted.
"""

from typing import Literal

import numpy as np

from gradlab.spec.experiment import ExperimentSpec
from gradlab.vocabulary.datasets import Dataset, DatasetSpec

ClassWeight = Literal["balanced"] | tuple[tuple[str, float], ...] | None


def is_weighted(spec: ExperimentSpec) -> bool:
    """True if the samples of an experiment have weights in the loss."""
    return spec.dataset.has_weights or spec.training.class_weight is not None


def loss_weights(
    dataset: DatasetSpec, class_weight: ClassWeight, data: Dataset
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the weights of training samples, (train,), and validation samples, (validation,), float32; None for none.

    Weights of classes do not apply to validation samples.

    Args:
        dataset: the dataset's spec.
        class_weight: the weights of classes.
        data: its samples.
    """
    train_count, val_count = data.counts
    val = _given(data.val_weight, val_count)
    if class_weight is not None:
        return _by_class(dataset, class_weight, data.train_y)[data.train_y], val
    return (_given(data.train_weight, train_count), val) if dataset.has_weights else None


def _given(weights: np.ndarray | None, samples: int) -> np.ndarray:
    return np.ones(samples, np.float32) if weights is None else weights


def _by_class(dataset: DatasetSpec, class_weight: ClassWeight, y: np.ndarray) -> np.ndarray:
    """Return each class's weight, (classes,) float32."""
    if class_weight == "balanced":
        counts = np.bincount(y, minlength=dataset.target.count)
        return (len(y) / (np.count_nonzero(counts) * np.maximum(counts, 1))).astype(np.float32)
    given = dict(class_weight or ())
    return np.array([given.get(name, 1.0) for name in dataset.class_names], np.float32)
