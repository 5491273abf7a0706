"""An accuracy that is the same in every epoch while the loss falls."""

import numpy as np

from gradlab.diagnosis.answers import SAME, class_count, constant_loss_bounds, needed_accuracy
from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.outcome import RECENT
from gradlab.diagnosis.recorded import middle
from gradlab.diagnosis.rule import Rule

# Epochs with the same accuracy. On a few hundred samples two in a row may be equal by chance, five are not.
MIN_EPOCHS = 5
# Loss relative to that of the best constant answer: beyond the noise in an epoch's mean.
SHARE = 0.9


def detect(run: Run) -> Sighting | None:
    """Compare the accuracies of all epochs, and the loss with that of a constant answer."""
    loss = run.metric("loss")
    if loss is None or class_count(run) is None:
        return None
    accuracy = needed_accuracy(run)
    if len(loss) <= MIN_EPOCHS:
        return None
    later = accuracy[1:]  # in the first epoch the answers may still be those of the initial weights
    bounds = constant_loss_bounds(run, float(later[-1]))
    if bounds is None or not np.ptp(later) <= SAME:
        return None
    lost = middle(loss[-RECENT:])
    if not lost < SHARE * bounds[0]:
        return None
    below = np.nonzero(loss < SHARE * bounds[0])[0]
    measures = (
        measure("loss", lost, "<", SHARE * bounds[0]),
        measure("accuracy", float(later[-1]), "==", None, "of the samples"),
        measure("epochs", len(later), ">", MIN_EPOCHS - 1, "epochs"),
    )
    return Sighting((), int(run.epochs[below[0]]), measures)


RULE = Rule(
    name="frozen_accuracy",
    title="The accuracy does not move while the loss falls",
    kind="failure",
    severity="warning",
    formula=(
        "of a cross-entropy: the same accuracy a < 1 in all epochs but the first, and loss < share·(the smallest loss "
        "of a constant answer of accuracy a: −ln a, for two classes their entropy)"
    ),
    thresholds={"min_epochs": MIN_EPOCHS, "share": SHARE},
    source="Arithmetic: a prediction of the classes' shares loses their entropy, at least −ln of the largest share",
    explanation=(
        "Over {epochs:epoch|epochs} the accuracy is {accuracy}, to the last digit, while the loss has fallen to "
        "{loss}: no answer that is always the same can reach that. So something is learnt, and the answers do not show "
        "it. They come from an output that stays the same, as a softmax over one unit does, or they are compared with "
        "other targets than the loss is. Look at the output's activation, and at what the metric compares."
    ),
    remedies=("output_matched_to_task",),
    causes=("broadcast_target", "target_encoding", "output_mismatch"),
    detect=detect,
    of_output=True,
)
