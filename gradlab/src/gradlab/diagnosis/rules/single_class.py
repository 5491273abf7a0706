"""A network that gives the same answer to every sample."""

import numpy as np

from gradlab.diagnosis.answers import SAME, class_count, constant_loss_bounds, needed_accuracy
from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Measure, Severity, Sighting, measure
from gradlab.diagnosis.outcome import RECENT
from gradlab.diagnosis.recorded import middle
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules.plateau import RULE as PLATEAU
from gradlab.diagnosis.unknown import Unknown

# Margin around the bounds of a constant answer's loss, for the noise in a mean.
SLACK = 0.05


def detect(run: Run) -> Sighting | None:
    """Compare the last accuracies with the shares of the classes, or the loss with that of a constant answer."""
    if not _has_classes(run):
        return None
    accuracy, loss = needed_accuracy(run), run.metric("loss")
    if len(accuracy) <= RECENT:
        return None
    if loss is not None and not np.isfinite(loss[-RECENT:]).all():
        return None  # a training elsewhere may go on after its numbers are lost, and NaN counts as the first class
    recent = accuracy[-RECENT:]
    level = float(recent[-1])
    if not np.ptp(recent) <= SAME or not 0 < level < 1:
        return None
    by_shares = True
    try:
        measures = _by_shares(run, level)
    except Unknown:
        measures, by_shares = _by_loss(run, level), False
    if measures is None:
        return None
    (other,) = np.nonzero(~(np.abs(accuracy - level) <= SAME))
    # With facts symptoms are reported only of runs that fail, so that the rule's severity is justified.
    severity: Severity | None = None if by_shares else "warning"
    return Sighting((), int(run.epochs[other[-1] + 1 if len(other) else 0]), measures, severity)


def _has_classes(run: Run) -> bool:
    """True if the targets are classes; where they are unknown, if the loss is a cross-entropy of classes."""
    try:
        return run.view.target.kind == "classes"
    except Unknown:
        return class_count(run) is not None


def _by_shares(run: Run, level: float) -> tuple[Measure, ...] | None:
    shares = run.view.class_shares
    if not any(abs(level - share) <= SAME for share in shares):
        return None
    commonest = measure("commonest_share", max(shares), "==", None, "of the samples")
    return (measure("accuracy", level, "==", level, "of the samples"), commonest)


def _by_loss(run: Run, level: float) -> tuple[Measure, ...] | None:
    """Compare the loss with the entropy of shares whose largest is the accuracy."""
    bounds, loss = constant_loss_bounds(run, level), run.metric("loss")
    if bounds is None or loss is None:
        return None
    lost = middle(loss[-RECENT:])
    if not (1 - SLACK) * bounds[0] <= lost <= (1 + SLACK) * bounds[1]:
        return None
    accuracy = measure("accuracy", level, "==", level, "of the samples")
    return (accuracy, measure("loss", lost, "<", (1 + SLACK) * bounds[1]))


RULE = Rule(
    name="single_class",
    title="The network always gives the same answer",
    kind="symptom",
    severity="info",
    formula=(
        "the accuracy of the last 5 epochs is a class's share of the training samples; of a training elsewhere: it is "
        "the same in the last 5 epochs, and the loss is that of a constant answer of this accuracy, within slack"
    ),
    thresholds={"slack": SLACK},
    source="Shannon 1948: a prediction of nothing but the classes' shares loses their entropy",
    explanation=(
        "In every one of the last epochs the accuracy is {accuracy}, the share of one class: the network gives this "
        "class as its answer to every sample, and has learnt no more than how common it is. Nothing of the inputs "
        "reaches the answer. The usual reasons are units that are dead or saturated, inputs that are not scaled, and "
        "steps that are too large or too small. Where the class is very common, weigh the rare ones more."
    ),
    remedies=("input_scaling", "optimizer_adam", "learning_rate_higher", "initializer_for_activation"),
    causes=PLATEAU.causes,
    detect=detect,
    of_output=True,
)
