"""A cross-entropy below 0, which is impossible with targets between 0 and 1."""

import numpy as np

from gradlab.diagnosis.answers import CROSS_ENTROPIES
from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule

# −y·log p − (1 − y)·log(1 − p) is never below 0 for y in [0, 1]. Rounding of float32 is far smaller than this bound.
BOUND = -1e-4


def detect(run: Run) -> Sighting | None:
    """Find the lowest loss of all epochs, on training and validation samples."""
    kind = run.view.loss_kind
    if kind not in CROSS_ENTROPIES and "crossentropy" not in kind:  # focal ones are never below 0 either
        return None
    losses = [loss for name in ("loss", "val_loss") if (loss := run.metric(name)) is not None]
    lowest = np.fmin.reduce(losses) if losses else np.array([])
    (negative,) = np.nonzero((lowest < BOUND) & np.isfinite(lowest))
    if not len(negative):
        return None
    least = float(lowest.min(initial=np.inf, where=np.isfinite(lowest)))
    return Sighting((), int(run.epochs[negative[0]]), (measure("lowest_loss", least, "<", BOUND),))


RULE = Rule(
    name="negative_crossentropy",
    title="The cross-entropy is below 0",
    kind="failure",
    severity="critical",
    formula="a cross-entropy of training or validation < bound",
    thresholds={"bound": BOUND},
    source="Shannon 1948: of targets between 0 and 1 every term of a cross-entropy is 0 or more",
    explanation=(
        "The cross-entropy has fallen to {lowest_loss}. With targets between 0 and 1 it cannot fall below 0: some "
        "targets lie outside, such as labels of −1 and 1, labels counted from 1, or values that are no classes. Then "
        "the loss has no lower bound, and the training makes outputs as large as it can instead of right. Count the "
        "labels from 0, or take the loss for what they are: a hinge for −1 and 1, mean_squared_error for values."
    ),
    remedies=(),
    causes=("target_encoding",),
    detect=detect,
    of_output=True,
)
