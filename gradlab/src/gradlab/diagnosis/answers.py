"""Accuracy and classes of a run, and the bounds of a constant answer's loss."""

import math

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.unknown import Unrecorded

# The names of the accuracy in Keras and elsewhere.
ACCURACIES = ("accuracy", "acc", "categorical_accuracy", "sparse_categorical_accuracy", "binary_accuracy")
CROSS_ENTROPIES = ("binary_crossentropy", "categorical_crossentropy", "kl_divergence")
# The same accuracy in every epoch, to float32's rounding of a mean.
SAME = 1e-6


def accuracy_of(run: Run, part: str = "") -> np.ndarray | None:
    """(epochs,) the accuracy on the training samples, or on the validation samples with "val_"; None if unrecorded."""
    return next((values for name in ACCURACIES if (values := run.metric(part + name)) is not None), None)


def needed_accuracy(run: Run) -> np.ndarray:
    """(epochs,) the accuracy on the training samples.

    Raises:
        Unrecorded: it was not measured.
    """
    accuracy = accuracy_of(run)
    if accuracy is None:
        raise Unrecorded("its accuracy is not sent", "`accuracy` among its metrics")
    return accuracy


def class_count(run: Run) -> int | None:
    """Return the number of classes under a cross-entropy, 2 or more; None for labels and for other losses.

    Raises:
        Unknown: loss or output are unknown.
    """
    kind, units = run.view.loss_kind, run.view.output_units
    if kind not in CROSS_ENTROPIES:
        return None
    if units == 1:
        return 2
    return units if kind != "binary_crossentropy" else None


def constant_loss_bounds(run: Run, accuracy: float) -> tuple[float, float] | None:
    """Return the bounds of the best constant answer's cross-entropy, given its `accuracy` in (0, 1).

    The best constant answer predicts each class with its share, and loses the entropy of the shares. The largest share
    is `accuracy`. The entropy is at least −ln(accuracy), and largest where all other classes are equally common.

    Returns:
        The lower and the upper bound; None for labels, other losses, and an accuracy of 0 or 1.

    Raises:
        Unknown: loss or output are unknown.
    """
    classes = class_count(run)
    if classes is None or not 0 < accuracy < 1:
        return None
    rest = (1 - accuracy) / (classes - 1)
    most = -accuracy * math.log(accuracy) - (1 - accuracy) * math.log(rest)
    return (most if classes == 2 else -math.log(accuracy)), most
