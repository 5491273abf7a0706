"""The training loss has stopped falling."""

import numpy as np

from core.diagnosis.evidence import Run, middle
from core.diagnosis.finding import Sighting, measure
from core.diagnosis.groups import BIRTH, DATA, DEATHS, DRAW, EXPLOSIONS, SATURATIONS, STEPS, VANISHINGS
from core.diagnosis.rule import Rule

# Less than 5 % better in each of five windows (TheDeepChecker), here of the avoidable loss.
DECREASE, WINDOWS = 0.05, 5
FEWEST_EPOCHS = 20


def look(run: Run) -> Sighting | None:
    """Cut the second half of the epochs into windows, and compare each with the one before."""
    loss, facts = run.metric("loss"), run.facts
    scale = facts.constant_loss - facts.perfect_loss
    if loss is None or len(loss) <= FEWEST_EPOCHS or not scale > 0:
        return None
    late = loss[len(loss) // 2 :]
    levels = np.array([middle(part) for part in np.array_split(late, WINDOWS + 1)])
    decreases = (levels[:-1] - levels[1:]) / scale
    if not (decreases < DECREASE).all():
        return None
    since = int(run.epochs[len(loss) // 2])
    return Sighting(
        (), since, (measure("largest_decrease", float(decreases.max()), "<", DECREASE, "of the avoidable loss"),)
    )


RULE = Rule(
    name="plateau",
    title="The loss stands still",
    kind="symptom",
    severity="info",
    formula=(
        "in each of `windows` windows of the second half of the epochs the loss falls by less than decrease·(L₀ − L*)"
    ),
    thresholds={"decrease": DECREASE, "windows": WINDOWS},
    source="TheDeepChecker (Ben Braiek & Khomh 2022), stagnated loss",
    explanation=(
        "Over the second half of the epochs the training loss has not fallen by more than {largest_decrease} of what "
        "could be avoided from one fifth to the next: more epochs of the same would not help."
    ),
    remedies=("learning_rate_higher", "optimizer_adam"),
    causes=(
        *DATA,
        "no_gradient",
        "class_imbalance",
        *DRAW,
        *BIRTH,
        "predicted_vanishing",
        *STEPS,
        *EXPLOSIONS,
        *SATURATIONS,
        *DEATHS,
        *VANISHINGS,
        "update_ratio",
        "oscillation",
        "late_rise",
    ),
    look=look,
)
