"""A training loss that has stopped falling."""

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import AVOIDABLE_LOSS, Sighting, measure
from gradlab.diagnosis.groups import BIRTH, DATA, DEATHS, DRAW, EXPLOSIONS, SATURATIONS, STEPS, VANISHINGS
from gradlab.diagnosis.outcome import outcome
from gradlab.diagnosis.recorded import windows
from gradlab.diagnosis.rule import Rule

# A decrease of less than 5 % in each of five windows (TheDeepChecker); here 5 % of the avoidable loss.
DECREASE, WINDOWS = 0.05, 5
MIN_EPOCHS = 20


def detect(run: Run) -> Sighting | None:
    """Divide the second half of the epochs into windows, and compare each with the one before."""
    loss = run.metric("loss")
    if loss is None or len(loss) <= MIN_EPOCHS:
        return None
    levels = windows(loss, WINDOWS + 1)
    became = outcome(run)
    if not became.by_facts and became.verdict != "fails":  # a run that has learnt everything stands still, too
        return None
    # Without facts the avoidable loss is unknown.
    scale = run.view.constant_loss - run.view.perfect_loss if became.by_facts else np.abs(levels[:-1])
    decreases = (levels[:-1] - levels[1:]) / scale
    if not (np.all(scale > 0) and (decreases < DECREASE).all()):
        return None
    since, unit = int(run.epochs[len(loss) // 2]), AVOIDABLE_LOSS if became.by_facts else "of the loss"
    measures = (measure("largest_decrease", float(decreases.max()), "<", DECREASE, unit),)
    return Sighting((), since, measures, explanation=None if became.by_facts else BY_ITSELF)


BY_ITSELF = (
    "Over the second half of the epochs the training loss has not fallen by more than {largest_decrease} of itself "
    "from one fifth to the next: more epochs of the same would not help."
)


RULE = Rule(
    name="plateau",
    title="The loss stands still",
    kind="symptom",
    severity="info",
    formula=(
        "in each of `windows` windows of the second half of the epochs the loss falls by less than decrease·(L₀ − L*); "
        "of a training elsewhere by less than decrease of the window before"
    ),
    thresholds={"decrease": DECREASE, "windows": WINDOWS},
    source="TheDeepChecker (Ben Braiek & Khomh 2022), stagnated loss",
    explanation=(
        "Over the second half of the epochs the training loss has not fallen by more than {largest_decrease:%} of what "
        "could be avoided from one fifth to the next: more epochs of the same would not help."
    ),
    remedies=("learning_rate_higher", "optimizer_adam"),
    also=(
        "output_matched_to_task",
        "lstm_for_simple_rnn",
        "gru_for_simple_rnn",
        "learning_rate_usual",
        "learning_rate_tripled",
    ),
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
    detect=detect,
    of_output=True,
)
