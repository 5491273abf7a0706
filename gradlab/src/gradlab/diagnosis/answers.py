"""Loss, accuracy and output of a run, read alike from our own trainings and from external ones.

An external training may name neither its loss nor its output. Then the functions raise Unknown or return None.
"""

import math

import numpy as np

from gradlab.diagnosis.evidence import ExternalRun, Run, Unknown
from gradlab.spec import ExternalSpec
from gradlab.vocabulary.losses import BY_KIND, LossFunction

# The names of the accuracy in Keras and elsewhere.
ACCURACIES = ("accuracy", "acc", "categorical_accuracy", "sparse_categorical_accuracy", "binary_accuracy")
CROSS_ENTROPIES = ("binary_crossentropy", "categorical_crossentropy", "kl_divergence")
# The same accuracy in every epoch, to float32's rounding of a mean.
SAME = 1e-6


def accuracy_of(run: Run, part: str = "") -> np.ndarray | None:
    """(epochs,) the accuracy on the training samples, or on the validation samples with "val_"; None if unrecorded."""
    return next((values for name in ACCURACIES if (values := run.metric(part + name)) is not None), None)


def loss_of(spec: ExternalSpec) -> LossFunction | None:
    """Return the loss of an external training as a member of the registry; None if it has no such member or is unknown.

    A sparse loss counts as its dense form: it differs in the encoding of the classes alone.
    """
    if spec.loss is None:
        return None
    member = BY_KIND.get(spec.loss.kind.removeprefix("sparse_"))
    if member is None:
        return None
    takes = "from_logits" in member.model_fields
    return member.model_validate({"from_logits": spec.loss.from_logits} if takes else {})


def loss_kind(run: Run) -> str:
    """Return the kind of a run's loss, without ``sparse_``.

    Raises:
        Unknown: the external training does not name its loss.
    """
    if not isinstance(run, ExternalRun):
        return str(run.spec.training.loss.kind)
    if run.external.loss is None:
        raise Unknown("its loss is not known here")
    return run.external.loss.kind.removeprefix("sparse_")


def output_units(run: Run) -> int:
    """Return the number of output units, for a sample or for a time step of it.

    Raises:
        Unknown: the external training does not give the shape of its output.
    """
    if not isinstance(run, ExternalRun):
        return run.spec.layers[-1].output_shape[-1]
    shape = run.external.layers[-1].output_shape
    if not shape or shape[-1] is None:
        raise Unknown("how many numbers its network puts out is not known here")
    return shape[-1]


def class_count(run: Run) -> int | None:
    """Return the number of classes under a cross-entropy, 2 or more; None for labels and for other losses.

    Raises:
        Unknown: loss or output are unknown.
    """
    kind, units = loss_kind(run), output_units(run)
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
