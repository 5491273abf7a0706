"""A network that learns the training samples by heart: overfitting."""

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import AVOIDABLE_LOSS, Sighting, measure
from gradlab.diagnosis.outcome import RECENT, outcome
from gradlab.diagnosis.recorded import middle, running_medians
from gradlab.diagnosis.rule import Rule

# Rise of the validation loss above its best, and gap above the training loss, as shares of the avoidable loss. Both lie
# in the middle between healthy and overfitting runs. Of 400 healthy runs of the clinic's former tuning half none ends
# more than 0.56 above its training loss; those above 0.4 end up to 0.11 above their best. Networks far too large for 40
# to 100 samples end 0.9 to 5 above their training loss, and 0.24 to 4.3 above their best. (SageMaker Debugger's Overfit
# divides by the training loss; as that goes to 0, the ratio grows without end.)
RISE, GAP = 0.2, 0.75


def detect(run: Run) -> Sighting | None:
    """Compare the last validation losses with the best ones, and with the training losses."""
    val, train = run.needed_metric("val_loss"), run.metric("loss")
    scale = run.view.constant_loss - run.view.perfect_loss
    if train is None or len(val) < 2 * RECENT or not scale > 0 or outcome(run).verdict != "learns":
        return None
    smooth = running_medians(val, RECENT)
    if not np.isfinite(smooth).any():
        return None
    best = int(np.nanargmin(smooth))
    rise, gap = (smooth[-1] - smooth[best]) / scale, (smooth[-1] - middle(train[-RECENT:])) / scale
    if not (rise > RISE and gap > GAP) or len(val) - 1 - best < RECENT:
        return None
    measures = (
        measure("rise", rise, ">", RISE, AVOIDABLE_LOSS),
        measure("gap", gap, ">", GAP, AVOIDABLE_LOSS),
        measure("best_epoch", int(run.epochs[best]), ">", None, "epochs"),
    )
    return Sighting((), int(run.epochs[best]), measures)


RULE = Rule(
    name="overfitting",
    title="The network learns the training samples by heart",
    kind="failure",
    severity="warning",
    formula=(
        "val_loss − its minimum > rise·(L₀ − L*) and val_loss − loss > gap·(L₀ − L*), for a run that learns; medians "
        "over 5 epochs, the minimum 5 epochs ago at least"
    ),
    thresholds={"rise": RISE, "gap": GAP},
    source="SageMaker Debugger, Overfit; UMLAUT (Schoop et al. 2021); scale measured here",
    explanation=(
        "Since epoch {best_epoch} the loss on the validation samples has risen by {rise:%} of what could be avoided, "
        "while that on the training samples is {gap:%} below it. The network has begun to learn what is peculiar to "
        "the training samples, and gets worse on others. Stop there, give it fewer weights, or make it harder to "
        "remember: L2 regularisation, dropout, more samples."
    ),
    remedies=("early_stopping", "l2_regularization", "dropout"),
    causes=("validation_scale", "inference_mode", "frozen_normalization", "split_by_class", "label_noise"),
    detect=detect,
    of_output=True,
)
