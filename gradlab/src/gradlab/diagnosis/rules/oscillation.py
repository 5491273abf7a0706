"""A training whose loss swings up and down, and which may lose again what it has learnt."""

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import AVOIDABLE_LOSS, Sighting, measure
from gradlab.diagnosis.groups import DATA, EXPLOSIONS, STEPS
from gradlab.diagnosis.outcome import MIN_REACHABLE, gains, learnt_shares
from gradlab.diagnosis.recorded import middle
from gradlab.diagnosis.rule import Rule

# A swing of 0.03 of the gain between a peak and the next trough, in a fifth of the epochs (AutoTrainer, Zhang et al.
# 2021, zeta and eta).
SWING, SHARE = 0.03, 0.2
MIN_EPOCHS = 10
# A network that loses this share of what there is to learn within the last ten epochs does not keep what it learns: its
# score at the end is luck. Two of 395 healthy runs of the clinic's former tuning half lost more, at most 0.39, and
# their training did not swing.
LOSS, LATEST = 0.3, 10


def detect(run: Run) -> Sighting | None:
    """Count the swings of the gain from epoch to epoch."""
    gain = gains(run)[1:]
    if len(gain) < MIN_EPOCHS or not np.isfinite(gain).all():
        return None
    turns = np.nonzero(np.diff(np.sign(np.diff(gain))) != 0)[0] + 1  # peaks and troughs
    heights = np.abs(np.diff(gain[turns]))
    swings = int((heights >= SWING).sum()) / 2  # a swing is down and up again
    share = swings / len(gain)
    if not share >= SHARE:
        return None
    since = int(run.epochs[1:][turns[np.nonzero(heights >= SWING)[0][0]]])
    measures = (
        measure("swing_share", share, ">", SHARE, "of the epochs"),
        measure("swing", middle(heights[heights >= SWING]), ">", SWING, AVOIDABLE_LOSS),
    )
    lost = _lost(run)
    if lost is not None and lost > LOSS:
        return Sighting(
            (), since, (*measures, measure("lost", lost, ">", LOSS, "of what there is to learn")), kind="failure"
        )
    return Sighting((), since, measures)


def _lost(run: Run) -> float | None:
    """The deepest fall of the validation samples' learnt share over the last epochs, divided by what can be learnt."""
    learnt = learnt_shares(run, "val_")[run.epochs > 0][-LATEST:]
    reachable = run.view.reachable
    learnable = max(middle(learnt), reachable if np.isfinite(reachable) else 0.0) if len(learnt) == LATEST else np.nan
    if not learnable >= MIN_REACHABLE:
        return None
    return float(np.max(np.maximum.accumulate(learnt) - learnt) / learnable)


RULE = Rule(
    name="oscillation",
    title="The loss oscillates",
    kind="symptom",
    severity="warning",
    formula=(
        "#{swings between a peak of the gain and the next trough ≥ swing} ≥ share·epochs; gain = (L₀ − L)/(L₀ − L*); "
        "a failure where the last ten epochs make more than `lost` of the avoidable errors on validation samples again"
    ),
    thresholds={"swing": SWING, "share": SHARE, "lost": LOSS},
    source="AutoTrainer (Zhang et al. 2021), zeta and eta; what is lost, measured here",
    explanation=(
        "In {swing_share:%} of the epochs the training loss turns around, typically by {swing:%} of what could be "
        "avoided. The steps are too long for the valley, and jump from one side to the other. Lower the learning rate, "
        "let it fall over the epochs, or take larger batches."
    ),
    remedies=(
        "learning_rate_lower",
        "optimizer_adam",
        "clip_by_global_norm",
        "batch_normalization",
        "batch_size_larger",
    ),
    also=(
        "input_scaling",
        "learning_rate_usual",
    ),
    causes=(*DATA, *STEPS, *EXPLOSIONS),
    detect=detect,
    of_output=True,
)
