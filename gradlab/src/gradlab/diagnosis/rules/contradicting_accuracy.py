"""Loss and accuracy contradict each other: the loss is too small for so many wrong answers."""

import math

import numpy as np

from gradlab.diagnosis.answers import class_count, needed_accuracy
from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule

# A wrong answer gives the right class at most 1/2, and so loses at least ln 2. At most loss/ln 2 of all samples can be
# wrong. An excess of a tenth is beyond rounding and usual weights of samples.
MARGIN = 0.1
# Share of the errors of guessing that are made at least: weights of classes alone do not cause so many.
HALF = 0.5
COST = math.log(2)


def detect(run: Run) -> Sighting | None:
    """Compare the share of wrong answers with the largest share that the loss allows."""
    loss, classes = run.metric("loss"), class_count(run)
    if loss is None or classes is None:
        return None
    accuracy = needed_accuracy(run)
    wrong, room = 1 - accuracy, loss / COST
    chance = 1 - 1 / classes
    contradicts = (wrong > room + MARGIN) & (wrong > HALF * chance) & np.isfinite(loss)
    if not contradicts[-1]:
        return None
    (agrees,) = np.nonzero(~contradicts)
    since = int(run.epochs[agrees[-1] + 1 if len(agrees) else 0])
    measures = (
        measure("wrong_answers", float(wrong[-1]), ">", min(1.0, float(room[-1]) + MARGIN), "of the samples"),
        measure("loss", float(loss[-1]), "<", COST * (float(wrong[-1]) - MARGIN)),
        measure("room", float(room[-1]), "<", None, "of the samples"),
    )
    return Sighting((), since, measures)


RULE = Rule(
    name="contradicting_accuracy",
    title="Loss and accuracy contradict each other",
    kind="failure",
    severity="critical",
    formula=(
        "of a cross-entropy: 1 − accuracy > loss/ln 2 + margin, and more than half·(1 − 1/classes), in the last epoch"
    ),
    thresholds={"margin": MARGIN, "half": HALF},
    source=(
        "Arithmetic: a wrong answer gives the right class at most one half, and so costs at least ln 2; the last of "
        "Karpathy's checks before training (A recipe for training neural networks, 2019) is the same by eye"
    ),
    explanation=(
        "The loss is {loss}: at most {room:%} of the samples can be answered wrongly with so little. The accuracy says "
        "that {wrong_answers:%} are. So the two are not taken from the same targets or outputs. Either the labels were "
        "changed on their way, by a division or a cast that leaves all of them 0: look at the classes that arrive, how "
        "many there are and how often. Or the output goes through something that the loss does not see, such as a "
        "softmax over one unit. The training then minimises something else than the errors that are counted."
    ),
    remedies=("output_matched_to_task",),
    causes=("broadcast_target", "target_encoding", "output_mismatch"),
    detect=detect,
    of_output=True,
)
