"""A training loss that had fallen, and has risen again."""

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import AVOIDABLE_LOSS, Sighting, measure
from gradlab.diagnosis.groups import BIRTH, DATA, DEATHS, EXPLOSIONS, SATURATIONS, STEPS
from gradlab.diagnosis.outcome import RECENT, gains
from gradlab.diagnosis.recorded import running_medians
from gradlab.diagnosis.rule import Rule

# Share of the avoidable loss that is lost again: more than the noise of mini-batches. Both are medians over 5 epochs.
RISE = 0.1


def detect(run: Run) -> Sighting | None:
    """Compare the best epochs with the last ones."""
    gain = gains(run)
    if len(gain) < 2 * RECENT:
        return None
    smooth = running_medians(gain, RECENT)
    if not np.isfinite(smooth).any() or not np.isfinite(smooth[-1]):
        return None
    best = int(np.nanargmax(smooth))
    rise = float(smooth[best] - smooth[-1])
    if not rise > RISE or not smooth[best] >= RISE or len(gain) - 1 - best < RECENT:
        return None
    measures = (
        measure("rise", rise, ">", RISE, AVOIDABLE_LOSS),
        measure("best_gain", float(smooth[best]), ">", None, AVOIDABLE_LOSS),
    )
    return Sighting((), int(run.epochs[best]), measures)


RULE = Rule(
    name="late_rise",
    title="What was learnt is lost again",
    kind="symptom",
    severity="warning",
    formula=(
        "max over the epochs of the gain − gain of the last epochs > rise, the former ≥ rise; medians over 5 epochs"
    ),
    thresholds={"rise": RISE},
    source="BTTackler (Wang et al. 2024), heavy oscillation, made independent of the loss's scale",
    explanation=(
        "The network had already avoided {best_gain:%} of the loss that can be avoided, and has lost {rise:%} again. "
        "Something broke on the way: units died or saturated, or an update threw the weights far away. Look at what "
        "happened then; a lower learning rate or a limit on the gradient's norm keep what was reached."
    ),
    remedies=("learning_rate_lower", "clip_by_global_norm", "early_stopping"),
    also=(
        "l2_regularization",
        "dropout",
    ),
    causes=(*DATA, *BIRTH, *STEPS, *EXPLOSIONS, *SATURATIONS, *DEATHS, "oscillation"),
    detect=detect,
    of_output=True,
)
