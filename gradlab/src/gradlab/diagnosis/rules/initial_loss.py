"""An initial loss far above that of a constant answer: the untrained network is too sure of its answers."""

import math

from gradlab.diagnosis.answers import class_count
from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import DATA, DRAW, GROWTHS
from gradlab.diagnosis.rule import Rule

# An untrained network should lose what the best constant does. Twice as much is a sign of outputs that are far off
# (TheDeepChecker: |loss₀ − ln C| ≥ ln C).
RATIO = 2.0
# In external trainings the first loss is the mean over the first epoch, in which most of the excess is unlearnt. In 295
# healthy runs of the clinic's former tuning half it is at most 1.26·ln K, in 35 with unscaled inputs 6e8·ln K in the
# median.
FAR = 3.0


def detect(run: Run) -> Sighting | None:
    """Compare the loss at epoch 0 with that of the best constant."""
    return _elsewhere(run) if isinstance(run, ExternalRun) else _here(run)


def _elsewhere(run: ExternalRun) -> Sighting | None:
    """Compare the mean loss of the first epoch with ln K, the largest entropy of K classes."""
    loss, classes = run.metric("loss"), class_count(run)
    if loss is None or classes is None or not len(loss) or run.history.first_epoch > run.external.initial_epoch + 1:
        return None
    constant = math.log(classes)
    if not loss[0] >= RATIO * constant:
        return None
    measures = (
        measure("ratio", loss[0] / constant, ">", RATIO),
        measure("initial_loss", loss[0], ">", RATIO * constant),
        measure("constant_loss", constant, ">", None),
    )
    far = bool(loss[0] >= FAR * constant)
    return Sighting((), int(run.epochs[0]), measures, "warning" if far else None, explanation=IN_THE_FIRST_EPOCH)


def _here(run: Run) -> Sighting | None:
    loss, constant = run.metric("loss"), run.facts.constant_loss
    if loss is None or run.history.first_epoch > 0 or not constant > 0 or not loss[0] >= RATIO * constant:
        return None
    measures = (
        measure("ratio", loss[0] / constant, ">", RATIO),
        measure("initial_loss", loss[0], ">", RATIO * constant),
        measure("constant_loss", constant, ">", None),
    )
    return Sighting((), 0, measures)


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
)
