"""A training that ended while its loss was still falling."""

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.outcome import matters, outcome
from gradlab.diagnosis.recorded import middle
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules.plateau import RULE as PLATEAU

# Share of the remaining avoidable loss that the last fifth of the epochs avoids. At that pace three times as many
# epochs more, 15 fifths, would avoid half of it: 0.955 to the power of 15 is 0.5.
PACE = 0.045
FIFTHS, MIN_EPOCHS = 5, 10
# Rules that explain a loss which has not fallen far enough, and come before this one.
EARLIER = tuple(name for name in PLATEAU.causes if name not in ("update_ratio", "oscillation", "late_rise"))


def detect(run: Run) -> Sighting | None:
    """Compare the loss of the last tenth of the epochs with that of the tenth that lies a fifth of them earlier."""
    loss = run.metric("loss")
    if loss is None or len(loss) <= MIN_EPOCHS or not run.finished or run.stopped_by is not None:
        return None
    if not matters(run):
        return None
    by_facts = outcome(run).by_facts
    perfect = run.view.perfect_loss if by_facts else 0.0
    part = max(1, len(loss) // (2 * FIFTHS))
    earlier, last = middle(loss[-3 * part : -2 * part]) - perfect, middle(loss[-part:]) - perfect
    pace = (earlier - last) / earlier if earlier > 0 else np.nan
    if not pace > PACE:
        return None
    measures = (
        measure("pace", pace, ">", PACE, "of the loss"),
        measure("last_loss", float(middle(loss[-part:])), ">", None),
        measure("epochs", int(run.epochs[-1]), ">", None, "epochs"),
    )
    # Without facts the lowest possible loss is unknown, so that a falling loss is no sign of a problem.
    return Sighting((), int(run.epochs[-3 * part]), measures, None if by_facts else "info")


RULE = Rule(
    name="still_falling",
    title="The loss was still falling when the training ended",
    kind="symptom",
    severity="warning",
    formula="(L₁ − L₂)/(L₁ − L*) > pace, the medians of the losses a fifth of the epochs apart, at the end",
    thresholds={"pace": PACE, "fifths": FIFTHS, "min_epochs": MIN_EPOCHS},
    source="Bengio 2012, section 3.1.2 (number of training iterations); thresholds measured here",
    explanation=(
        "After {epochs:epoch|epochs} the loss is {last_loss}, and over their last fifth it has fallen by {pace} of "
        "itself: the training ended before it was done. Train for more epochs, or make more of each by a smaller batch "
        "or a higher learning rate."
    ),
    remedies=("more_epochs", "batch_size_smaller", "learning_rate_higher", "optimizer_adam"),
    causes=("unsuited_loss", "linear_network", *EARLIER, "few_updates"),
    detect=detect,
    of_output=True,
)
