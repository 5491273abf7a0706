"""Weights that stay near their initial values, since updates are few and small."""

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import DATA, DEATHS, SATURATIONS, VANISHINGS
from gradlab.diagnosis.outcome import decided_epoch, outcome
from gradlab.diagnosis.rule import Rule

# Sum of ‖ΔW‖/‖W‖ over all epochs, of the kernel that moves most. In 405 healthy runs of the clinic's former tuning half
# it is at least 0.465, and 1.4 in the median. Below 0.1 the rule learning_rate reports a rate that is too small.
TRAVEL = 0.4
# Updates in an epoch. With more of them their number is not the problem.
MAX_UPDATES = 1


def detect(run: Run) -> Sighting | None:
    """Add up the relative moves of each kernel, where an epoch is one update."""
    updates = run.view.batches
    if updates > MAX_UPDATES or run.history.last_epoch < decided_epoch(run):
        return None
    became = outcome(run)
    if became.by_facts and became.verdict != "fails":
        return None
    moved = run.needed_kernels("weights", "update_ratio")
    if moved is None or not (moved.epochs > 0).any():
        return None
    every = run.history.layout["weights"].every
    travels = np.nansum(moved.values[moved.epochs > 0], axis=0) * every
    travel = float(travels.max())
    if not 0 < travel < TRAVEL:
        return None
    made = updates * (run.history.last_epoch - run.history.first_epoch)
    measures = (
        measure("travel", travel, "<", TRAVEL, "of the weights' length, in all"),
        measure("updates", made, ">", None, "updates in all"),
        measure("updates_per_epoch", updates, "<", MAX_UPDATES + 1, "updates"),
    )
    return Sighting((), int(moved.epochs[moved.epochs > 0][0]), measures)


RULE = Rule(
    name="few_updates",
    title="Too few and too small updates",
    kind="symptom",
    severity="warning",
    formula="updates in an epoch ≤ max_updates, and Σ over the epochs of ‖ΔW‖/‖W‖ < travel for every kernel",
    thresholds={"travel": TRAVEL, "max_updates": MAX_UPDATES},
    source="Thresholds measured here; updates and epochs: Bengio 2012, section 3.1.2",
    explanation=(
        "An epoch is one update, and the training has made {updates:update|updates} in all. By then no layer's "
        "weights have moved by more than {travel} times their length: networks that learn move by about their whole "
        "length. At the end the weights are mostly the initial ones. Take smaller batches, so that an epoch makes "
        "more updates, train for more epochs, or make each update larger."
    ),
    remedies=("batch_size_smaller", "more_epochs", "learning_rate_higher", "optimizer_adam"),
    causes=("unsuited_loss", *DATA, *SATURATIONS, *DEATHS, *VANISHINGS),
    detect=detect,
)
