"""An initial loss far above that of a constant answer: the untrained network is too sure of its answers."""

import math

import numpy as np

from gradlab.diagnosis.answers import class_count
from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import DATA, DRAW, GROWTHS
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.unknown import Unknown

# An untrained network should lose what the best constant does. Twice as much is a sign of outputs that are far off
# (TheDeepChecker: |loss₀ − ln C| ≥ ln C).
RATIO = 2.0
# Without epoch 0 the first loss is the mean over the first epoch, in which most of the excess is unlearnt. In 295
# healthy runs of the clinic's former tuning half it is at most 1.26·ln K, in 35 with unscaled inputs 6e8·ln K in the
# median.
FAR = 3.0


def detect(run: Run) -> Sighting | None:
    """Compare the loss at epoch 0 with that of the best constant."""
    loss, begun = run.metric("loss"), run.history.first_epoch == run.view.first_epoch
    if loss is None:
        return None
    try:
        constant = run.view.constant_loss
    except Unknown:
        return _in_the_first_epoch(run, loss)
    if begun and (run.view.checks_batches or not np.isnan(loss[0])):  # a sender may not know the loss of epoch 0
        return _before_the_first_update(run, loss, constant)
    return _in_the_first_epoch(run, loss)


def _in_the_first_epoch(run: Run, loss: np.ndarray) -> Sighting | None:
    """Compare the mean loss of the first epoch with ln K, the largest entropy of K classes."""
    classes = class_count(run)
    row = run.view.first_epoch + 1 - run.history.first_epoch
    if classes is None or not 0 <= row < len(loss):
        return None
    constant = math.log(classes)
    if not loss[row] >= RATIO * constant:
        return None
    measures = (
        measure("ratio", loss[row] / constant, ">", RATIO),
        measure("initial_loss", loss[row], ">", RATIO * constant),
        measure("constant_loss", constant, ">", None),
    )
    far = bool(loss[row] >= FAR * constant)
    return Sighting((), int(run.epochs[row]), measures, "warning" if far else None, explanation=IN_THE_FIRST_EPOCH)


def _before_the_first_update(run: Run, loss: np.ndarray, constant: float) -> Sighting | None:
    if not constant > 0 or not loss[0] >= RATIO * constant:
        return None
    measures = (
        measure("ratio", loss[0] / constant, ">", RATIO),
        measure("initial_loss", loss[0], ">", RATIO * constant),
        measure("constant_loss", constant, ">", None),
    )
    return Sighting((), run.view.first_epoch, measures)


IN_THE_FIRST_EPOCH = (
    "Over the first epoch the loss is {initial_loss}. Giving every class the same share costs {constant_loss}, and the "
    "loss is {ratio} times as large. The network begins with answers that are far off and very sure of themselves: "
    "that is a fault of scale, of the inputs more often than of the weights. Scale the inputs to mean 0 and standard "
    "deviation 1, and draw the weights as suits the activation."
)

RULE = Rule(
    name="initial_loss",
    title="The loss begins far above that of a constant",
    kind="risk",
    severity="info",
    formula=(
        "loss at epoch 0 ≥ ratio·L₀, the loss of the best constant prediction (for cross-entropy H(y)); elsewhere that "
        "of the first epoch ≥ ratio·ln K of K classes, a warning where ≥ far·ln K"
    ),
    thresholds={"ratio": RATIO, "far": FAR},
    source=(
        "TheDeepChecker (Ben Braiek & Khomh 2022); Karpathy 2019, A recipe for training neural networks (verify loss @ "
        "init)"
    ),
    explanation=(
        "Before the first update the loss is {initial_loss}; always giving the same best answer would cost "
        "{constant_loss}. The network begins with outputs that are far off, and must first unlearn them: weights that "
        "are too large, targets that are not scaled, or an output that does not fit the loss."
    ),
    remedies=("initializer_for_activation", "input_scaling", "output_matched_to_task"),
    also=("target_scaling",),
    causes=(*DATA, *DRAW, *GROWTHS),
    detect=detect,
    of_output=True,
)
