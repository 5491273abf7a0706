"""What loss and accuracy say of a network's answers, each by itself and both together.

From recorded metrics alone: of our own trainings and of those elsewhere, as far as loss and output are known there.
"""

import math

import numpy as np

from gradlab.diagnosis.evidence import ExternalRun, Run, Unknown
from gradlab.spec import ExternalSpec
from gradlab.vocabulary.losses import BY_KIND, LossFunction

# What Keras and others call it.
ACCURACIES = ("accuracy", "acc", "categorical_accuracy", "sparse_categorical_accuracy", "binary_accuracy")
CROSS_ENTROPIES = ("binary_crossentropy", "categorical_crossentropy", "kl_divergence")
# The same accuracy in every epoch, to float32's rounding of a mean.
SAME = 1e-6


def accuracy_of(run: Run, part: str = "") -> np.ndarray | None:
    """(epochs,) the accuracy on the training samples, or with "val_" on the others, whatever it is called."""
    return next((found for name in ACCURACIES if (found := run.metric(part + name)) is not None), None)


def loss_of(spec: ExternalSpec) -> LossFunction | None:
    """The loss of a training elsewhere as one of ours; None where it is not known, or is none of them.

    Sparse losses are those of classes that are numbered instead of one-hot.
    """
    if spec.loss is None:
        return None
    member = BY_KIND.get(spec.loss.kind.removeprefix("sparse_"))
    if member is None:
        return None
    takes = "from_logits" in member.model_fields
    return member.model_validate({"from_logits": spec.loss.from_logits} if takes else {})


def loss_kind(run: Run) -> str:
    """The kind of a run's loss, sparse or not.

    Raises:
        Unknown: it is not known.
    """
    if not isinstance(run, ExternalRun):
        return str(run.spec.training.loss.kind)
    if run.external.loss is None:
        raise Unknown("its loss is not known here")
    return run.external.loss.kind.removeprefix("sparse_")


def output_units(run: Run) -> int:
    """How many numbers a network puts out for a sample, or a time step of it.

    Raises:
        Unknown: it is not known.
    """
    if not isinstance(run, ExternalRun):
        return run.spec.layers[-1].output_shape[-1]
    shape = run.external.layers[-1].output_shape
    if not shape or shape[-1] is None:
        raise Unknown("how many numbers its network puts out is not known here")
    return shape[-1]


def class_count(run: Run) -> int | None:
    """Between how many answers a cross-entropy chooses: 2 for yes and no; None for labels and other losses.

    Raises:
        Unknown: loss or output are not known.
    """
    kind, units = loss_kind(run), output_units(run)
    if kind not in CROSS_ENTROPIES:
        return None
    if units == 1:
        return 2
    return units if kind != "binary_crossentropy" else None


def constant_loss_bounds(run: Run, accuracy: float) -> tuple[float, float] | None:
    """Between which cross-entropies the best constant answer lies that is right in a share `accuracy`.

    It gives each class its share, and loses the entropy of the shares; the largest of them is `accuracy`. This entropy
    is at least −ln(accuracy), and largest where all other classes are equally common. None where it cannot be said.

    Raises:
        Unknown: loss or output are not known.
    """
    classes = class_count(run)
    if classes is None or not 0 < accuracy < 1:
        return None
    rest = (1 - accuracy) / (classes - 1)
    most = -accuracy * math.log(accuracy) - (1 - accuracy) * math.log(rest)
    return (most if classes == 2 else -math.log(accuracy)), most
